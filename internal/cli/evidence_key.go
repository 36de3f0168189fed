package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/config"
	"github.com/glueguard/glueguard/internal/deliver"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/evidence"
	"github.com/glueguard/glueguard/internal/resource"
)

// The key that evidence is signed with where no other is given, beside the state.
const (
	keyFile    = "evidence-key.pem"
	publicFile = "evidence-key.pub.pem"
)

// signingKey is what evidence is signed with.
type signingKey struct {
	evidence.Signer
	public string // file of the public half, where Glueguard keeps it
	arn    string // of a KMS key
	role   string // as which KMS is called
	close  func()
}

// signingKey opens the key that was asked for; else the one beside the state, made on first use.
func (e Env) signingKey(ctx context.Context, o evidenceOptions) (signingKey, error) {
	if strings.HasPrefix(o.key, "arn:") || strings.HasPrefix(o.key, "alias/") {
		return openKMSKey(ctx, o)
	}
	k := signingKey{close: func() {}}
	var key evidence.PrivateKey
	var err error
	if o.key != "" {
		if key, err = readKey(o.key); errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("--%w; a KMS key is named by its ARN, or as alias/NAME", err)
		}
	} else {
		key, k.public, err = e.ownKey(o)
	}
	k.Signer = key
	return k, err
}

// kmsKey signs by KMS.
type kmsKey struct {
	*deliver.KMSSigner
	public evidence.PublicKey
}

// PublicKey implements evidence.Signer.
func (k kmsKey) PublicKey() evidence.PublicKey { return k.public }

// KeyID implements evidence.Signer: the id that whoever has the public half alone can compute, too.
func (k kmsKey) KeyID() (string, error) { return k.public.ID(), nil }

// openKMSKey reads the public half of a KMS key. An alias is the caller's own, in the region that is configured.
func openKMSKey(ctx context.Context, o evidenceOptions) (k signingKey, err error) {
	session, err := awsapi.Open(ctx, awsapi.Options{Profile: o.profile, Role: o.role, ExternalID: o.externalID})
	if err != nil {
		return k, err
	}
	defer func() {
		if err != nil {
			session.Close()
		}
	}()
	ref := o.key
	if strings.HasPrefix(ref, "alias/") {
		caller, err := session.Caller(ctx)
		if err != nil {
			return k, err
		}
		if session.Region() == "" {
			return k, fmt.Errorf("--key %s: in which region? set AWS_REGION, or give the key's ARN", ref)
		}
		ref = resource.Location{Partition: caller.Partition, Account: caller.Account, Region: session.Region()}.ARN("kms", ref).String()
	}
	signer, err := deliver.NewKMSSigner(ctx, session, ref)
	if err != nil {
		return k, fmt.Errorf("--key %s: %w", o.key, err)
	}
	half, err := signer.Public(ctx)
	if err != nil {
		return k, fmt.Errorf("--key %s: %w", o.key, err)
	}
	public, err := evidence.NewPublicKey(half)
	if err != nil {
		return k, fmt.Errorf("--key %s: %w", o.key, err)
	}
	return signingKey{
		Signer: kmsKey{signer, public}, arn: signer.KeyID(), role: roleOf(ctx, session),
		close: func() { signer.Close(); session.Close() },
	}, nil
}

// ownKey reads the key beside the state, which it makes where it is missing, and says where its public half is.
func (e Env) ownKey(o evidenceOptions) (key evidence.PrivateKey, public string, err error) {
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
		return key, &diag.SigningKeyError{Path: path, Err: err}
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
