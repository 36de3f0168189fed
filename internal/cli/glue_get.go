package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/glueguard/glueguard/internal/cli/awsview"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/procedure"
	"github.com/glueguard/glueguard/internal/resource"
)

func newGetEndpoints(env Env) *cobra.Command {
	var f glueFlags
	var pages pageFlags
	cmd := &cobra.Command{
		Use:   "get-dev-endpoints",
		Short: "List the development endpoints with the S3 encryption in force",
		Long: `Lists all development endpoints of an account and region, all pages of them, with the members
that AWS gives, except that SecurityConfiguration is the S3 mode in force: SSE-S3, SSE-KMS or
NONE, or UNKNOWN where the configuration could not be read. SecurityConfigurationName,
S3EncryptionMode, KmsKeyId and LogEncryptionMode are there too.` + glueExits,
		Example: `  glueguard glue get-dev-endpoints --query 'DevEndpoints[*].{Name:EndpointName,S3EncryptionMode:SecurityConfiguration}'
  glueguard glue get-dev-endpoints --query "DevEndpoints[?S3EncryptionMode=='NONE'].EndpointName" --output text`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runGlue(cmd, env, f, "GetDevEndpoints", args, nil, func(ctx context.Context, g *glueRun) error {
				all, err := g.endpoints(ctx)
				if err != nil {
					return err
				}
				return g.printListing(&pages, cmd.Flags(), "DevEndpoints", all)
			})
		},
	}
	pages.add(cmd.Flags())
	f.add(cmd.Flags())
	return cmd
}

func newGetEndpoint(env Env) *cobra.Command {
	var f glueFlags
	var name string
	cmd := &cobra.Command{
		Use:   "get-dev-endpoint",
		Short: "Show a development endpoint with the S3 encryption in force",
		Long: `Shows one development endpoint, with the members that AWS gives, except that
SecurityConfiguration is the S3 mode in force: see get-dev-endpoints.` + glueExits,
		Example: `  glueguard glue get-dev-endpoint --endpoint-name etl --query DevEndpoint.S3EncryptionMode`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runGlue(cmd, env, f, "GetDevEndpoint", args, []string{"endpoint-name"}, func(ctx context.Context, g *glueRun) error {
				d, _, err := g.endpoint(ctx, name)
				if err != nil {
					return err
				}
				return g.print(d)
			})
		},
	}
	cmd.Flags().StringVar(&name, "endpoint-name", "", "`NAME` of the endpoint")
	f.add(cmd.Flags())
	return cmd
}

func newGetTransforms(env Env) *cobra.Command {
	var f glueFlags
	var pages pageFlags
	cmd := &cobra.Command{
		Use:   "get-ml-transforms",
		Short: "List the ML transforms with the encryption in force",
		Long: `Lists all ML transforms of an account and region, all pages of them, with the members that AWS
gives. EncryptionMode (SSE-S3, SSE-KMS or None, or UNKNOWN where the configuration could not be
read), KmsKeyId and TaskRunEncryptionMode are there too.` + glueExits,
		Example: `  glueguard glue get-ml-transforms --query 'Transforms[*].[TransformId,Name,EncryptionMode]' --output table`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runGlue(cmd, env, f, "GetMLTransforms", args, nil, func(ctx context.Context, g *glueRun) error {
				all, err := g.transforms(ctx)
				if err != nil {
					return err
				}
				return g.printListing(&pages, cmd.Flags(), "Transforms", all)
			})
		},
	}
	pages.add(cmd.Flags())
	f.add(cmd.Flags())
	return cmd
}

func newGetTransform(env Env) *cobra.Command {
	var f glueFlags
	var id string
	cmd := &cobra.Command{
		Use:   "get-ml-transform",
		Short: "Show an ML transform with the encryption in force",
		Long: `Shows one ML transform: the members that AWS gives, and beside them Transform with its
EncryptionMode (SSE-S3, SSE-KMS or None, or UNKNOWN where the configuration could not be read).

The id of a transform that was replaced answers with its successor: TransformId is the
successor's, OriginalStillExists says whether the original is still there, and JobsUsingOriginal
names the jobs that still use it.` + glueExits,
		Example: `  glueguard glue get-ml-transform --transform-id tfm-0123 --query 'Transform.EncryptionMode'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runGlue(cmd, env, f, "GetMLTransform", args, []string{"transform-id"}, func(ctx context.Context, g *glueRun) error {
				d, _, err := g.transform(ctx, id)
				if err != nil {
					return err
				}
				return g.print(d)
			})
		},
	}
	cmd.Flags().StringVar(&id, "transform-id", "", "`ID` of the transform")
	f.add(cmd.Flags())
	return cmd
}

func (g *glueRun) endpoints(ctx context.Context) ([]any, error) {
	all, err := g.inspector.EndpointDocuments(ctx, g.at)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, d := range all {
		names = append(names, procedure.EndpointEncryption(d, nil).Configuration)
	}
	read := g.configurations(ctx, names)
	documents := make([]any, 0, len(all))
	for _, d := range all {
		awsview.Times(d, time.Local)
		documents = append(documents, procedure.Endpoint(d, procedure.EndpointEncryption(d, read)))
	}
	return documents, nil
}

// endpoint is the document of one dev endpoint, and what it is encrypted with.
func (g *glueRun) endpoint(ctx context.Context, name string) (procedure.Document, procedure.Encryption, error) {
	d, err := g.inspector.EndpointDocument(ctx, g.at, name)
	if err != nil {
		return nil, procedure.Encryption{}, err
	}
	e := procedure.EndpointEncryption(d, nil)
	e = procedure.EndpointEncryption(d, g.configurations(ctx, []string{e.Configuration}))
	awsview.Times(d, time.Local)
	return procedure.Document{"DevEndpoint": procedure.Endpoint(d, e)}, e, nil
}

func (g *glueRun) transforms(ctx context.Context) ([]any, error) {
	all, err := g.inspector.TransformDocuments(ctx, g.at)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, d := range all {
		names = append(names, procedure.TransformEncryption(d, nil).Configuration)
	}
	read := g.configurations(ctx, names)
	documents := make([]any, 0, len(all))
	for _, d := range all {
		awsview.Times(d, time.Local)
		documents = append(documents, procedure.ListedTransform(d, procedure.TransformEncryption(d, read)))
	}
	return documents, nil
}

// transform is the document of one ML transform, or of what has replaced it, and what that is encrypted with.
func (g *glueRun) transform(ctx context.Context, asked string) (procedure.Document, procedure.Encryption, error) {
	id, successor, err := g.successor(ctx, asked)
	if err != nil {
		return nil, procedure.Encryption{}, err
	}
	d, err := g.inspector.TransformDocument(ctx, g.at, id)
	if err != nil {
		return nil, procedure.Encryption{}, err
	}
	e := procedure.TransformEncryption(d, nil)
	e = procedure.TransformEncryption(d, g.configurations(ctx, []string{e.Configuration}))
	awsview.Times(d, time.Local)
	return procedure.Transform(d, e, successor), e, nil
}

// transformARN is the ARN of a transform's id here.
func (g *glueRun) transformARN(id string) string { return g.at.ARN("glue", "mlTransform/"+id).String() }

// successor finds the transform that stands for the one asked for, and says so.
func (g *glueRun) successor(ctx context.Context, asked string) (string, *procedure.Successor, error) {
	history, err := g.history(ctx)
	if err != nil {
		return "", nil, err
	}
	now, by := procedure.Follow(g.transformARN(asked), history)
	switch {
	case by == nil:
		return asked, nil, nil
	case g.quiet:
		return now.ID, &procedure.Successor{Original: asked}, nil
	}
	around, err := g.inspector.Inspect(ctx, []inventory.Target{{Location: g.at, Type: resource.TypeMLTransform, ID: asked}})
	if err != nil {
		return "", nil, err
	}
	s := &procedure.Successor{Original: asked, StillExists: !around[0].Transform.IsAbsent()}
	dependents, read := around[0].Dependents.Value()
	for _, d := range dependents {
		if d.Kind != "task run" {
			s.Jobs = append(s.Jobs, fmt.Sprintf("%s (%s)", d.Name, strings.TrimSpace(d.Kind+", "+d.Where)))
		}
	}
	exists := "does not exist any more"
	if s.StillExists {
		exists = "still exists"
	}
	fmt.Fprintf(g.env.Stderr, "glueguard: %s was replaced by %s in the change %s: this is the state of %[2]s; %[1]s %[4]s\n", asked, now.ID, by.Head.ID, exists)
	switch {
	case !read && !around[0].Dependents.IsAbsent():
		fmt.Fprintf(g.env.Stderr, "glueguard: which jobs still use %s could not be read: %v\n", asked, around[0].Dependents.Failure())
	case len(s.Jobs) > 0:
		fmt.Fprintf(g.env.Stderr, "glueguard: %s is still used by %s\n", asked, strings.Join(s.Jobs, ", "))
	}
	return now.ID, s, nil
}
