package model

import (
	"flag"
	"os"
	"testing"
)

// How many stories a property tells unless -rapid.checks says otherwise: with -short, and without.
const (
	few  = "8"
	many = "40"
)

func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked {
		stories := many
		if testing.Short() {
			stories = few
		}
		if err := flag.Set("rapid.checks", stories); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
