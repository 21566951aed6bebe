package cli

import "github.com/spf13/cobra"

func (w *world) build() *cobra.Command { return &cobra.Command{Use: "build NAME", Hidden: true} }
