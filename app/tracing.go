package app

import (
	"context"

	"foyer/engine/trace"
)

const traceUsage = "new file for a trace: all input and output of the program, as JSON lines " +
	"without secrets; the file is yours alone to read"

// traceFlag makes --trace a flag of the command.
func (c *command) traceFlag() { c.StringVar(&c.trace, "trace", "", traceUsage) }

// openTrace begins the trace that --trace asks for, if any.
func (c *command) openTrace() (err error) {
	if c.trace != "" {
		c.tracer, err = trace.Create(c.trace)
	}
	return err
}

// endTrace writes what is left of it.
func (c *command) endTrace() {
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if err := c.tracer.Close(ctx); err != nil {
		c.logger(c.std.err).WithError(err).Warn("the trace is not complete")
	}
}
