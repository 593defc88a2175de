// Command argocd is two parts of Argo CD in one program: the server of the plugin's sidecar, and the repo-server's end
// of the conversation with it. Argo CD is built from its module because no registry has it as a program.
//
//	argocd cmp-server ...   the sidecar's argocd-cmp-server, with its own flags
//	argocd manifests        a Request as JSON on stdin; what the repo-server makes of it as JSON on stdout
//	argocd parameters       likewise; what the plugin announces to the user interface
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	cmpserver "github.com/argoproj/argo-cd/v3/cmd/argocd-cmp-server/commands"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/reposerver/apiclient"
	"github.com/argoproj/argo-cd/v3/reposerver/repository"
	"github.com/argoproj/argo-cd/v3/util/app/discovery"
	"github.com/argoproj/argo-cd/v3/util/cmp"
	"github.com/argoproj/argo-cd/v3/util/git"
	utilio "github.com/argoproj/argo-cd/v3/util/io"
)

// Request is what the application controller asks the repo-server for. Seconds is the deadline.
type Request struct {
	App, Namespace, Project, Repository, Path, KubeVersion string
	ApiVersions                                            []string
	Plugin                                                 *v1alpha1.ApplicationSourcePlugin
	Seconds                                                float64
}

func (r *Request) source() *v1alpha1.ApplicationSource {
	return &v1alpha1.ApplicationSource{RepoURL: "https://git.invalid/repository", Path: r.Path, Plugin: r.Plugin}
}

func (r *Request) directory() string { return r.Repository + "/" + r.Path }

func manifests(ctx context.Context, r *Request) (any, error) {
	asked := &apiclient.ManifestRequest{
		Repo:              &v1alpha1.Repository{Repo: r.source().RepoURL},
		AppName:           r.App,
		Namespace:         r.Namespace,
		ProjectName:       r.Project,
		KubeVersion:       r.KubeVersion,
		ApiVersions:       r.ApiVersions,
		ApplicationSource: r.source(),
		AppLabelKey:       "app.kubernetes.io/instance",
		TrackingMethod:    string(v1alpha1.TrackingMethodAnnotation),
	}
	revision := "0123456789012345678901234567890123456789"
	paths := utilio.NewRandomizedTempPaths(r.Repository)
	answer, err := repository.GenerateManifests(ctx, r.directory(), r.Repository, revision, asked, true,
		&git.NoopCredsStore{}, resource.MustParse("0"), paths)
	if err != nil {
		return nil, err
	}
	return answer.Manifests, nil
}

func parameters(ctx context.Context, r *Request) (any, error) {
	environment := []string{"ARGOCD_APP_NAME=" + r.App, "ARGOCD_APP_SOURCE_PATH=" + r.Path}
	name := ""
	if r.Plugin != nil {
		name = r.Plugin.Name
	}
	connection, plugin, err := discovery.DetectConfigManagementPlugin(ctx, r.directory(), r.Repository, name, environment, nil)
	if err != nil {
		return nil, err
	}
	defer utilio.Close(connection)
	stream, err := plugin.GetParametersAnnouncement(ctx)
	if err != nil {
		return nil, err
	}
	if err := cmp.SendRepoStream(ctx, r.directory(), r.Repository, stream, environment, nil); err != nil {
		return nil, err
	}
	answer, err := stream.CloseAndRecv()
	if err != nil {
		return nil, err
	}
	return answer.ParameterAnnouncements, nil
}

func ask(part func(context.Context, *Request) (any, error)) error {
	request := Request{Seconds: 60}
	if err := json.NewDecoder(os.Stdin).Decode(&request); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(request.Seconds*float64(time.Second)))
	defer cancel()
	answer, err := part(ctx, &request)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(answer)
}

func run(role string) error {
	switch role {
	case "cmp-server":
		command := cmpserver.NewCommand()
		command.SetArgs(os.Args[2:])
		return command.Execute()
	case "manifests":
		return ask(manifests)
	case "parameters":
		return ask(parameters)
	}
	return fmt.Errorf("no part %q", role)
}

func main() {
	if err := run(append(os.Args, "")[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
