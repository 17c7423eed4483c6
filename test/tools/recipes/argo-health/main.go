// Judges SealedSecrets as Argo CD does: by the health scripts that Argo CD itself ships, and by scripts of ours. Each
// JSON object on standard input gets a line of JSON on standard output: a verdict by the name of each script.
// Arguments NAME=FILE add scripts as a user's own configuration would.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	older "github.com/argoproj/argo-cd/v2/resource_customizations"
	newer "github.com/argoproj/argo-cd/v3/resource_customizations"
	lua "github.com/yuin/gopher-lua"
	luajson "layeh.com/gopher-json"
)

const scriptFile = "bitnami.com/SealedSecret/health.lua"

type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message,omitempty"`
	Error   string `json:"error,omitempty"`
}

type script struct {
	name   string
	source string
	// Scripts that are shipped get Lua's standard libraries, those of users do not.
	libraries bool
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "argo-health:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	scripts, err := readScripts(args)
	if err != nil {
		return err
	}
	input := json.NewDecoder(os.Stdin)
	output := json.NewEncoder(os.Stdout)
	for input.More() {
		var object map[string]any
		if err := input.Decode(&object); err != nil {
			return err
		}
		answer := map[string]verdict{}
		for _, script := range scripts {
			answer[script.name] = judge(script, object)
		}
		if err := output.Encode(answer); err != nil {
			return err
		}
	}
	return nil
}

func readScripts(args []string) ([]script, error) {
	v2, err := older.Embedded.ReadFile(scriptFile)
	if err != nil {
		return nil, err
	}
	v3, err := newer.Embedded.ReadFile(scriptFile)
	if err != nil {
		return nil, err
	}
	scripts := []script{{"v2", string(v2), true}, {"v3", string(v3), true}}
	for _, arg := range args {
		name, file, found := strings.Cut(arg, "=")
		if !found {
			return nil, errors.New("an argument is no NAME=FILE")
		}
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		scripts = append(scripts, script{name, string(source), false})
	}
	return scripts, nil
}

// What Argo CD decides before it asks any script, and how it reads a script's answer.
func judge(asked script, object map[string]any) verdict {
	if metadata, ok := object["metadata"].(map[string]any); ok && metadata["deletionTimestamp"] != nil {
		return verdict{Status: "Progressing", Message: "Pending deletion"}
	}
	value, err := evaluate(asked, object)
	if err != nil {
		return verdict{Error: err.Error()}
	}
	if value.Type() != lua.LTTable {
		return verdict{Error: "the script returned " + value.Type().String()}
	}
	text, err := luajson.Encode(value)
	if err != nil {
		return verdict{Error: err.Error()}
	}
	var read verdict
	if err := json.Unmarshal(text, &read); err != nil {
		return verdict{Error: err.Error()}
	}
	switch read.Status {
	case "Healthy", "Degraded", "Progressing", "Suspended", "Missing", "Unknown":
		return read
	}
	return verdict{Status: "Unknown", Message: "no status that Argo CD knows"}
}

func evaluate(asked script, object map[string]any) (lua.LValue, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: !asked.libraries})
	defer state.Close()
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{{lua.LoadLibName, lua.OpenPackage}, {lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable}} {
		call := lua.P{Fn: state.NewFunction(library.open), NRet: 0, Protect: true}
		if err := state.CallByParam(call, lua.LString(library.name)); err != nil {
			return nil, err
		}
	}
	bounded, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	state.SetContext(bounded)
	state.SetGlobal("obj", luajson.DecodeValue(state, object))
	if err := state.DoString(asked.source); err != nil {
		return nil, err
	}
	return state.Get(-1), nil
}
