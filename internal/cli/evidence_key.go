package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/glueguard/glueguard/internal/config"
	"github.com/glueguard/glueguard/internal/evidence"
)

// The key that evidence is signed with where no other is given, beside the state.
const (
	keyFile    = "evidence-key.pem"
	publicFile = "evidence-key.pub.pem"
)

// signingKey reads the key that was asked for; else the one beside the state, made on first use, and says where its
// public part is.
func (e Env) signingKey(o evidenceOptions) (key evidence.PrivateKey, public string, err error) {
	if o.key != "" {
		key, err = readKey(o.key)
		return key, "", err
	}
	state, err := config.StatePath(o.state, e.LookupEnv)
	if err != nil {
		return key, "", err
	}
	path := filepath.Join(filepath.Dir(state), keyFile)
	public = filepath.Join(filepath.Dir(state), publicFile)
	key, err = readOwnKey(path)
	if errors.Is(err, os.ErrNotExist) {
		if err = makeKey(path); err == nil {
			fmt.Fprintf(e.Stderr, "glueguard: made the key %s to sign evidence with: nobody else may read it\n", path)
			key, err = readOwnKey(path)
		}
	}
	if err != nil {
		return key, "", err
	}
	if err := writePublic(public, key.PublicKey().PEM()); err != nil {
		return key, "", fmt.Errorf("write the public key %s: %w", public, bare(err))
	}
	return key, public, nil
}

func readKey(path string) (evidence.PrivateKey, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return evidence.PrivateKey{}, fmt.Errorf("key %s: %w", path, bare(err))
	}
	key, err := evidence.ParsePrivateKey(src)
	if err != nil {
		return key, fmt.Errorf("key %s: %w", path, err)
	}
	return key, nil
}

// readOwnKey reads a key that Glueguard made, unless others can.
func readOwnKey(path string) (evidence.PrivateKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return evidence.PrivateKey{}, fmt.Errorf("key %s: %w", path, bare(err))
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return evidence.PrivateKey{}, fmt.Errorf("key %s: others can read it (mode %04o), so they could sign too: "+
			"move it away for a new one, or `chmod 600` it if nobody did", path, mode)
	}
	return readKey(path)
}

// makeKey makes a key, whole or not at all. Where another process was first, that one's key stands.
func makeKey(path string) (err error) {
	key, err := evidence.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	src, err := key.PEM()
	if err != nil {
		return err
	}
	temporary, err := temporaryWith(filepath.Dir(path), src)
	if err != nil {
		return fmt.Errorf("make the key %s: %w", path, bare(err))
	}
	defer func() { err = errors.Join(err, os.Remove(temporary)) }()
	if err := os.Link(temporary, path); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("make the key %s: %w", path, err)
	}
	return nil
}

// temporaryWith writes a file that only its owner can read, and waits until it is on disk.
func temporaryWith(dir string, content []byte) (name string, err error) {
	f, err := os.CreateTemp(dir, "."+keyFile+".*") // mode 0600
	if err != nil {
		return "", err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// writePublic writes the public key, unless it is there.
func writePublic(path string, content []byte) error {
	if there, err := os.ReadFile(path); err == nil && string(there) == string(content) {
		return nil
	}
	temporary, err := temporaryWith(filepath.Dir(path), content)
	if err != nil {
		return err
	}
	if err := errors.Join(os.Chmod(temporary, 0o644), os.Rename(temporary, path)); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return nil
}
