package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/glueguard/glueguard/internal/diag"
)

// consent is how a command that changes something gets a person's leave: --auto-approve, or a question on the terminal.
type consent struct {
	approve, yes bool
	command      string // who asks; begin sets it
}

func (c *consent) add(flags *pflag.FlagSet) {
	flags.BoolVar(&c.approve, "auto-approve", false, "do not ask")
	flags.BoolVar(&c.yes, "yes", false, "the same as --auto-approve")
}

func (c *consent) given() bool { return c.approve || c.yes }

// check is begin and askable in one, for a command that has found something to ask about.
func (c *consent) check(env Env, command, format string) error {
	if err := c.begin(command, format); err != nil {
		return err
	}
	return c.askable(env)
}

// begin refuses, before anything is read, a format that leaves no room for a question.
func (c *consent) begin(command, format string) error {
	c.command = command
	if c.given() || format == tableFormat {
		return nil
	}
	return diag.Usagef(command, "-o %s: it can't ask whether to go ahead; add --auto-approve once you have read the plan", format)
}

// askable refuses, before anything is written, to ask where nobody can answer. It comes after what is wrong with that
// which is asked for: a terminal would not help there.
func (c *consent) askable(env Env) error {
	if c.given() || env.StdinTerminal {
		return nil
	}
	return &diag.UnaskedError{Command: c.command}
}

// get asks, unless leave was given already. Any answer but yes is a refusal, which ends the command.
func (c *consent) get(ctx context.Context, env Env, question string) error {
	if c.given() {
		return nil
	}
	fmt.Fprintf(env.Stderr, "\n%s\n  Only \"yes\" goes ahead: ", question)
	answer := make(chan string, 1)
	go func() {
		line, err := bufio.NewReader(env.Stdin).ReadString('\n')
		if err != nil {
			line = ""
		}
		answer <- strings.TrimSpace(line)
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(env.Stderr)
		return errors.Join(diag.Status(diag.Interrupted), ctx.Err())
	case line := <-answer:
		if line != "yes" {
			return diag.ErrDeclined
		}
	}
	fmt.Fprintln(env.Stderr)
	return nil
}
