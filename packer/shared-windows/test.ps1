# Runs the recipe's tests on the builder itself. What they say is fetched before verdict.ps1 lets the build fail.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# The one that comes with Windows Server 2019: nothing is fetched for it. Its `Should` has no dashes yet.
Import-Module -Name Pester -RequiredVersion 3.4.0
$run = Invoke-Pester -Script 'C:\kiln\tests' -OutputFile 'C:\kiln\tests.xml' -OutputFormat NUnitXml -PassThru
$failed = if ($run.TotalCount -eq 0) { 1 } else { $run.FailedCount }
Set-Content -Path 'C:\kiln\failed.txt' -Value $failed -Encoding Ascii
