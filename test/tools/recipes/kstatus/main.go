// Judges objects as tools built on kstatus do. Each JSON object on standard input gets a line of JSON on standard output:
// the verdict of kstatus itself, and that of the fork Flux and Helm use.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	flux "github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	original "sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type verdict struct {
	Status  string `json:"status,omitempty"`
	Message string `json:"message,omitempty"`
	Error   string `json:"error,omitempty"`
}

type answer struct {
	Kstatus verdict `json:"kstatus"`
	Flux    verdict `json:"flux"`
}

func main() {
	input := json.NewDecoder(os.Stdin)
	output := json.NewEncoder(os.Stdout)
	for input.More() {
		// Its own decoding makes whole numbers int64, as the judges want them.
		var object unstructured.Unstructured
		if err := input.Decode(&object); err != nil {
			fmt.Fprintln(os.Stderr, "kstatus:", err)
			os.Exit(1)
		}
		if err := output.Encode(answer{judgeOriginal(&object), judgeFlux(&object)}); err != nil {
			fmt.Fprintln(os.Stderr, "kstatus:", err)
			os.Exit(1)
		}
	}
}

func judgeOriginal(object *unstructured.Unstructured) verdict {
	result, err := original.Compute(object)
	if err != nil {
		return verdict{Error: err.Error()}
	}
	return verdict{Status: result.Status.String(), Message: result.Message}
}

func judgeFlux(object *unstructured.Unstructured) verdict {
	result, err := flux.Compute(object)
	if err != nil {
		return verdict{Error: err.Error()}
	}
	return verdict{Status: result.Status.String(), Message: result.Message}
}
