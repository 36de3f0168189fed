// Package browser walks through the console in a real Chromium, as people do: by what is written on the page, by labels and
// by roles. Its tests are all there is. They skip where there is no Chromium, and with CI=true they fail there.
package browser
