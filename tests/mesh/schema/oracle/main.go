// Says what the API server says: reads requests, one JSON object a line, and writes one answer a line.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"sort"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	schemacel "k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
	"sigs.k8s.io/yaml"
)

type request struct {
	Schema json.RawMessage `json:"schema"`
	Ref    string          `json:"ref"`
	Object json.RawMessage `json:"object"`
	Rule   string          `json:"rule"`
	Root   bool            `json:"root"`
}

type answer struct {
	Errors  []string    `json:"errors"`
	Unknown []string    `json:"unknown"`
	Value   interface{} `json:"value,omitempty"`
	Fault   string      `json:"fault,omitempty"`
}

var cache = map[string]*compiled{}

type compiled struct {
	structural *structuralschema.Structural
	schema     validation.SchemaValidator
	cel        *schemacel.Validator
}

func compile(raw []byte, root bool) (*compiled, error) {
	var v1 apiextv1.JSONSchemaProps
	if err := yaml.Unmarshal(raw, &v1); err != nil {
		return nil, err
	}
	internal := &apiextensions.JSONSchemaProps{}
	if err := apiextv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(&v1, internal, nil); err != nil {
		return nil, err
	}
	s, err := structuralschema.NewStructural(internal)
	if err != nil {
		return nil, err
	}
	if err := defaulting.PruneDefaults(s); err != nil {
		return nil, err
	}
	validator, _, err := validation.NewSchemaValidator(internal)
	if err != nil {
		return nil, err
	}
	return &compiled{s, validator, schemacel.NewValidator(s, root, celconfig.PerCallLimit)}, nil
}

func check(c *compiled, raw []byte, root bool) answer {
	var obj map[string]interface{}
	if err := utiljson.Unmarshal(raw, &obj); err != nil {
		return answer{Fault: err.Error()}
	}
	out := answer{Errors: []string{}, Unknown: []string{}}
	meta := obj["metadata"]
	unknown := pruning.PruneWithOptions(obj, c.structural, root, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	if unknown != nil {
		out.Unknown = unknown
	}
	if root && meta != nil {
		obj["metadata"] = meta
	}
	defaulting.PruneNonNullableNullsWithoutDefaults(obj, c.structural)
	defaulting.Default(obj, c.structural)
	var errs field.ErrorList
	errs = append(errs, validation.ValidateCustomResource(nil, obj, c.schema)...)
	errs = append(errs, objectmeta.Validate(context.Background(), nil, obj, c.structural, false)...)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, c.structural, obj)...)
	blocked := false
	for _, e := range errs {
		switch e.Type {
		case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
			blocked = true
		}
	}
	if !blocked && c.cel != nil {
		more, _ := c.cel.Validate(context.Background(), nil, c.structural, obj, nil, celconfig.RuntimeCELCostBudget)
		errs = append(errs, more...)
	}
	for _, e := range errs {
		out.Errors = append(out.Errors, e.Error())
	}
	sort.Strings(out.Errors)
	return out
}

func native(v ref.Val) interface{} {
	switch v := v.(type) {
	case types.Bool, types.String:
		return v.Value()
	case types.Double:
		if math.IsInf(float64(v), 0) || math.IsNaN(float64(v)) {
			return fmt.Sprintf("double %v", float64(v))
		}
		return float64(v)
	case types.Int:
		return fmt.Sprintf("int %d", int64(v))
	case types.Uint:
		return fmt.Sprintf("uint %d", uint64(v))
	case types.Null:
		return nil
	case types.Duration:
		return fmt.Sprintf("duration %d", v.Duration.Nanoseconds())
	case types.Timestamp:
		return fmt.Sprintf("timestamp %d", v.Time.UnixNano())
	case types.Bytes:
		return fmt.Sprintf("bytes %x", []byte(v))
	}
	if l, ok := v.Value().([]ref.Val); ok {
		items := []interface{}{}
		for _, i := range l {
			items = append(items, native(i))
		}
		return items
	}
	if it, ok := v.(interface{ Size() ref.Val }); ok {
		if g, ok := v.(interface{ Get(ref.Val) ref.Val }); ok && v.Type() == types.ListType {
			items := []interface{}{}
			for i := types.Int(0); i < it.Size().(types.Int); i++ {
				items = append(items, native(g.Get(i)))
			}
			return items
		}
	}
	return fmt.Sprintf("%s %v", v.Type().TypeName(), v.Value())
}

func evaluate(env *cel.Env, rule string, raw []byte) answer {
	var self interface{}
	if err := utiljson.Unmarshal(raw, &self); err != nil {
		return answer{Fault: err.Error()}
	}
	ast, issues := env.Compile(rule)
	if issues != nil && issues.Err() != nil {
		return answer{Fault: issues.Err().Error()}
	}
	program, err := env.Program(ast)
	if err != nil {
		return answer{Fault: err.Error()}
	}
	value, _, err := program.Eval(map[string]interface{}{"self": self})
	if err != nil {
		return answer{Errors: []string{err.Error()}}
	}
	return answer{Errors: []string{}, Value: native(value)}
}

func main() {
	set := environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion())
	env := set.StoredExpressionsEnv()
	env, err := env.Extend(cel.Variable("self", cel.DynType))
	if err != nil {
		panic(err)
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<26)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		var r request
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			panic(err)
		}
		if r.Rule != "" {
			out.Encode(evaluate(env, r.Rule, r.Object))
			continue
		}
		c := cache[r.Ref]
		if r.Schema != nil {
			c, err = compile(r.Schema, r.Root)
			if err != nil {
				out.Encode(answer{Fault: err.Error()})
				continue
			}
			if r.Ref != "" {
				cache[r.Ref] = c
			}
		}
		if r.Object == nil {
			out.Encode(answer{Errors: []string{}})
			continue
		}
		out.Encode(check(c, r.Object, r.Root))
	}
}
