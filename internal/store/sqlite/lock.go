//go:build unix

package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/glueguard/glueguard/internal/store"
)

// lock is an exclusive lock on a file, which the kernel drops when the process dies. The file says who holds it.
type lock struct {
	file *os.File
	path string
}

// acquire takes the lock at path at once, or returns the one that has it as a *store.HeldError without a resource.
func acquire(ctx context.Context, path string, h store.Holder) (*lock, error) {
	for {
		f, err := openLocked(path)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			if holder, ok := readHolder(ctx, path); ok {
				return nil, &store.HeldError{Holder: holder}
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			continue // given back meanwhile
		}
		if err != nil {
			return nil, err
		}
		l := &lock{file: f, path: path}
		current, err := l.current()
		if err != nil || !current {
			// The holder before removed the file between our opening and locking it: its name stands for nothing now.
			if err := errors.Join(err, f.Close()); err != nil {
				return nil, err
			}
			continue
		}
		if err := l.write(h); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return l, nil
	}
}

func openLocked(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return f, nil
		case errors.Is(err, syscall.EINTR):
			continue
		}
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
}

// current tells whether the path still names the locked file.
func (l *lock) current() (bool, error) {
	ours, err := l.file.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Stat(l.path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return os.SameFile(ours, named), nil
}

func (l *lock) write(h store.Holder) error {
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err = l.file.WriteAt(append(text, '\n'), 0)
	return err
}

// release gives the lock up. The file goes first, while it is locked, so that no one finds its old content.
func (l *lock) release() error {
	current, err := l.current()
	if err == nil && current {
		err = os.Remove(l.path)
	}
	// Closing alone would leave the lock with a child process that is just being started and still has the file open.
	return errors.Join(err, syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN), l.file.Close())
}

// readHolder reads who holds the lock; false when the lock was given back meanwhile. A holder that has just locked the
// file writes its name at once, so an empty file is read again for a moment.
func readHolder(ctx context.Context, path string) (store.Holder, bool) {
	var h store.Holder
	for range 100 {
		text, err := os.ReadFile(filepath.Clean(path))
		if err != nil {
			return h, false
		}
		if json.Unmarshal(text, &h) == nil {
			return h, true
		}
		select {
		case <-ctx.Done():
			return h, false
		case <-time.After(time.Millisecond):
		}
	}
	return h, true
}
