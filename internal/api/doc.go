// Package api is what Glueguard offers to other programs, and to its own console: the operations of the OpenAPI document
// (openapi.yaml), each with who may ask for it. The console's pages are made of the same operations.
package api
