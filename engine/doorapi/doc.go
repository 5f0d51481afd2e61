// Package doorapi is what a room server's door and its clients say to each other:
// the requests and answers of its HTTP API (docs/openapi.yaml), its refusals, and
// the notices that it sends into rooms. It holds only values and does nothing.
package doorapi
