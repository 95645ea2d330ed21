// Control-plane is a Kubernetes control plane in one file: etcd, kube-apiserver, kube-controller-manager and kubectl,
// unchanged, at the versions of go.mod. One binary links their common packages once: a build takes minutes and the file
// 120 MB, rather than thrice that. The name it is called by, or else its first argument, says which one it is, so a
// folder of four links to it is what KUBEBUILDER_ASSETS expects.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

var programs = map[string]func(){
	"etcd": func() {
		dieWithParent()
		etcdmain.Main(os.Args)
	},
	"kube-apiserver": func() {
		dieWithParent()
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	},
	"kube-controller-manager": func() {
		dieWithParent()
		os.Exit(cli.Run(controllermanager.NewControllerManagerCommand()))
	},
	"kubectl": func() {
		kubectlutil.CheckErr(cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()))
	},
}

func main() {
	run, known := programs[filepath.Base(os.Args[0])]
	if !known && len(os.Args) > 1 {
		os.Args = os.Args[1:]
		run, known = programs[os.Args[0]]
	}
	if !known {
		fmt.Fprintln(os.Stderr, "usage: control-plane etcd|kube-apiserver|kube-controller-manager|kubectl [argument]...")
		os.Exit(2)
	}
	run()
}
