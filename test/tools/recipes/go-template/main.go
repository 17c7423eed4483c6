// Renders text/templates with the functions kubeseal and its controller offer. A line of JSON on standard input is one
// set of templates that share their data; a line on standard output is what became of each. "-functions" lists the names.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"text/template"
	"time"

	// Zones, where the machine has no files of them.
	_ "time/tzdata"

	"github.com/Masterminds/sprig/v3"
)

type request struct {
	Name string `json:"name"`
	// Base64 in JSON, as encoding/json has it for bytes.
	Templates map[string][]byte `json:"templates"`
	Data      map[string][]byte `json:"data"`
}

type result struct {
	Output []byte `json:"output,omitempty"`
	Error  string `json:"error,omitempty"`
	Phase  string `json:"phase,omitempty"`
}

type response struct {
	Name    string            `json:"name"`
	Results map[string]result `json:"results"`
}

func main() {
	time.Local = time.UTC
	functions := sprig.GenericFuncMap()
	for _, name := range []string{"env", "expandenv", "getHostByName"} {
		delete(functions, name)
	}
	if len(os.Args) > 1 && os.Args[1] == "-functions" {
		names := make([]string, 0, len(functions))
		for name := range functions {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			fmt.Println(name)
		}
		return
	}
	if err := answerAll(functions); err != nil {
		fmt.Fprintln(os.Stderr, "go-template:", err)
		os.Exit(1)
	}
}

func answerAll(functions template.FuncMap) error {
	input := json.NewDecoder(bufio.NewReader(os.Stdin))
	output := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(output)
	for input.More() {
		var asked request
		if err := input.Decode(&asked); err != nil {
			return err
		}
		answer := response{Name: asked.Name, Results: map[string]result{}}
		data := map[string]string{}
		for key, value := range asked.Data {
			data[key] = string(value)
		}
		for key, source := range asked.Templates {
			answer.Results[key] = render(functions, key, string(source), data)
		}
		if err := encoder.Encode(answer); err != nil {
			return err
		}
		// Whoever asks one question at a time waits for its answer.
		if err := output.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func render(functions template.FuncMap, key, source string, data map[string]string) result {
	parsed, err := template.New(key).Funcs(functions).Parse(source)
	if err != nil {
		return result{Error: err.Error(), Phase: "parse"}
	}
	var output bytes.Buffer
	if err := parsed.Execute(&output, data); err != nil {
		return result{Error: err.Error(), Phase: "execute"}
	}
	return result{Output: output.Bytes()}
}
