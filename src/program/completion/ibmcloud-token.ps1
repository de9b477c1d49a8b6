# Completion of ibmcloud-token for PowerShell. It runs the program in PATH, and never one at a path that is being typed.

Register-ArgumentCompleter -Native -CommandName 'ibmcloud-token' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    # The words up to the cursor. After a space, the last one is empty.
    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
        ForEach-Object { if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.Extent.Text } })
    if ($wordToComplete -eq '') { $words += '' } else { $words[-1] = $wordToComplete }

    # The arguments of a program can be seen by everybody, and its input cannot.
    $lines = @((($words -join "`0") + "`0") | & ibmcloud-token completions --words 2>$null)
    $kind, $first, $second = $lines[0..2]
    foreach ($line in ($lines | Select-Object -Skip 3)) {
        $value, $about = $line.Split("`t")
        if (-not $value.StartsWith($wordToComplete)) { continue }
        $text = if ($value -match '^[\w:=./-]+$') { $value } else { "'$value'" }
        if (-not $about) { $about = $value }
        [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $about)
    }
    if ($kind -in 'files', 'program') {
        $typed = if ($kind -eq 'files') { "$second" } else { $wordToComplete }
        $prefix = if ($kind -eq 'files') { "$first" } else { '' }
        foreach ($file in [System.Management.Automation.CompletionCompleters]::CompleteFilename($typed)) {
            $name = $prefix + $file.CompletionText.Trim("'")
            $text = if ($name -match '^[\w:=./-]+$') { $name } else { "'$name'" }
            [System.Management.Automation.CompletionResult]::new($text, $file.ListItemText, 'ProviderItem', $file.ToolTip)
        }
    }
}
