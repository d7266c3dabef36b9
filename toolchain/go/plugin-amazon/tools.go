//go:build tools

// Package tools names the program that this module exists to build, so that go.mod and go.sum cover it.
package tools

import _ "github.com/hashicorp/packer-plugin-amazon"
