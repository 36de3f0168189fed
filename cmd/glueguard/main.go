// Command glueguard finds AWS Glue resources whose data is not encrypted at rest.
package main

import (
	"context"
	"os"

	"github.com/glueguard/glueguard/internal/cli"
)

func main() { os.Exit(cli.Main(context.Background(), cli.System())) }
