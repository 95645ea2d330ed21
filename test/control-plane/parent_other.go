//go:build !linux

package main

func killWithParent() {}
