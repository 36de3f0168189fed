package cli

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// Reference writes the help of every command as one Markdown page, in the order of the command tree. It returns the
// writer's error.
func Reference(w io.Writer) error {
	var page bytes.Buffer
	page.WriteString("# Command reference\n\nGenerated from the commands' own help by `make generate`.\n")
	root := newRoot(Env{Stdout: io.Discard, Stderr: io.Discard})
	root.InitDefaultHelpCmd()
	describe(&page, root)
	_, err := w.Write(page.Bytes())
	return err
}

func describe(page *bytes.Buffer, cmd *cobra.Command) {
	if cmd.Hidden || cmd.Name() == "help" || cmd.Name() == "completion" {
		return
	}
	cmd.InitDefaultHelpFlag()
	cmd.InitDefaultVersionFlag()
	text := cmd.Long
	if text == "" {
		text = cmd.Short
	}
	fmt.Fprintf(page, "\n## %s\n\n```text\n%s\n\n%s```\n", cmd.CommandPath(), text, strings.TrimLeft(cmd.UsageString(), "\n"))
	for _, sub := range cmd.Commands() {
		describe(page, sub)
	}
}
