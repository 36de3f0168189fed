package model

import (
	"flag"
	"os"
	"testing"
)

// short is how many stories a property tells unless -rapid.checks says otherwise.
const short = "20"

func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked {
		if err := flag.Set("rapid.checks", short); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
