package evidence

import "io"

// behind writes what it is given in a goroutine of its own: compressing records takes about as long as making them.
type behind struct {
	full  chan []byte
	empty chan []byte
	chunk []byte // being filled
	whole bool   // nothing more comes
	ended chan struct{}
	err   error // valid when ended is closed
}

const (
	chunkSize = 128 << 10
	chunks    = 4
)

func writeBehind(w io.Writer) *behind {
	b := &behind{full: make(chan []byte, chunks), empty: make(chan []byte, chunks), ended: make(chan struct{})}
	for range chunks {
		b.empty <- make([]byte, 0, chunkSize)
	}
	go func() {
		defer close(b.ended)
		for chunk := range b.full { // closed when all is there
			if _, b.err = w.Write(chunk); b.err != nil {
				return
			}
			b.empty <- chunk[:0]
		}
	}()
	return b
}

// write takes p in. An error may be that of what was written before.
func (b *behind) write(p []byte) error {
	for len(p) > 0 {
		if b.chunk == nil {
			select {
			case b.chunk = <-b.empty:
			case <-b.ended:
				return b.err
			}
		}
		n := min(len(p), cap(b.chunk)-len(b.chunk))
		b.chunk, p = append(b.chunk, p[:n]...), p[n:]
		if len(b.chunk) == cap(b.chunk) {
			b.full <- b.chunk // there is room: there are as many chunks as places
			b.chunk = nil
		}
	}
	return nil
}

// close waits until all is written. It is called in any case, so that nothing runs on, and may be called again.
func (b *behind) close() error {
	if b.whole {
		return b.err
	}
	b.whole = true
	if len(b.chunk) > 0 {
		b.full <- b.chunk
	}
	b.chunk = nil
	close(b.full)
	<-b.ended
	return b.err
}
