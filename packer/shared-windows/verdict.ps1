# A failed test is a failed build.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$failed = [int](Get-Content -Path 'C:\kiln\failed.txt')
if ($failed -gt 0) {
    throw "$failed tests failed"
}
