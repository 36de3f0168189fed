package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/report"
)

func newControls(env Env) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "controls",
		Short: "List the controls, and what there is to say of each",
		Long: `Lists what is judged. Everything there is to say of one is told by controls show: what it asks
and why, what AWS really does, how to test, repair and back out, with the exact commands, the
permissions that takes, and the requirements of PCI DSS, HIPAA, SOC 2 and others that it serves.

EXIT STATUS
  0  listed
  1  error, or bad usage`,
		Example: `  glueguard controls
  glueguard controls show glue-dev-endpoint-s3-encryption
  glueguard controls -o json | jq '.controls[].frameworks[] | select(.framework == "hipaa")'`,
		Args: cobra.ArbitraryArgs, // so that a wrong command is told of in our words
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return helpOrUnknown(cmd, args)
			}
			f, err := report.LookupControls(output)
			if err != nil {
				return usage(cmd, err)
			}
			c, err := control.ReadCatalogue()
			if err != nil {
				return err
			}
			return f.Write(env.Stdout, env.look(), c)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", tableFormat, "`FORMAT`: "+strings.Join(report.ControlsFormatNames(), ", "))
	cmd.AddCommand(newControlsShow(env))
	return cmd
}

func newControlsShow(env Env) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "show CONTROL",
		Short: "Tell all of one control: what, why, test, repair, backout, permissions, frameworks",
		Long: `Tells everything of one control, named by its id or a beginning of it that no other has. Words
in capitals in its commands stand for what you put in.

EXIT STATUS
  0  shown
  1  error, bad usage, or no such control`,
		Example: `  glueguard controls show glue-ml-transform-encryption-at-rest
  glueguard controls show glue-encryption-key-management -o markdown > keys.md`,
		Args: oneArg("the id of a control"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := report.LookupControl(output)
			if err != nil {
				return usage(cmd, err)
			}
			c, err := control.ReadCatalogue()
			if err != nil {
				return err
			}
			d, err := findControl(c, args[0])
			if err != nil {
				return usage(cmd, err)
			}
			return f.Write(env.Stdout, env.look(), c, d)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "text", "`FORMAT`: "+strings.Join(report.ControlFormatNames(), ", "))
	return cmd
}

// findControl finds a control by its id or a beginning of it that no other has.
func findControl(c control.Catalogue, id string) (control.Document, error) {
	var found []control.Document
	var known []string
	for _, d := range c.Documents {
		known = append(known, string(d.ID))
		if strings.HasPrefix(string(d.ID), id) {
			found = append(found, d)
		}
	}
	if len(found) != 1 {
		return control.Document{}, fmt.Errorf("there is no control %q: want one of %s", id, strings.Join(known, ", "))
	}
	return found[0], nil
}
