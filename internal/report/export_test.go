package report

// Tidy is what every format makes of text that others wrote.
var Tidy = tidy
