package main

import (
	"fmt"
	"os"
	"os/signal"

	"github.com/glueguard/glueguard/internal/sandbox"
)

func main() {
	s, err := sandbox.Start("127.0.0.1:0", sandbox.Options{})
	if err != nil {
		panic(err)
	}
	fmt.Println(s.URL)
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt)
	<-c
}
