package main

import "reflect"

// deepCopy copies everything that can be reached through exported fields; copying through XML would be a hundred times slower.
func deepCopy[T any](original T) T {
	var copied T
	deepCopyInto(reflect.ValueOf(&copied).Elem(), reflect.ValueOf(&original).Elem())
	return copied
}

func deepCopyInto(to, from reflect.Value) {
	to.Set(from)
	switch from.Kind() {
	case reflect.Pointer:
		if !from.IsNil() {
			to.Set(reflect.New(from.Type().Elem()))
			deepCopyInto(to.Elem(), from.Elem())
		}
	case reflect.Interface:
		if !from.IsNil() {
			value := reflect.New(from.Elem().Type()).Elem()
			deepCopyInto(value, from.Elem())
			to.Set(value)
		}
	case reflect.Slice:
		if !from.IsNil() {
			to.Set(reflect.MakeSlice(from.Type(), from.Len(), from.Len()))
			for i := range from.Len() {
				deepCopyInto(to.Index(i), from.Index(i))
			}
		}
	case reflect.Struct:
		for i := range from.NumField() {
			if from.Type().Field(i).IsExported() {
				deepCopyInto(to.Field(i), from.Field(i))
			}
		}
	}
}
