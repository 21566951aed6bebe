// Package scripts holds the project's tools: setup installs what a machine lacks,
// generate makes what is generated. Its tests are the house rules.
package scripts
