# What must be true of an image of this tier; run on the builder after it has restarted, before it becomes one.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

Import-Module -Name WebAdministration

$name = 'payroll-web'

# The first request after a boot compiles the site.
function Get-Page([string] $Path) {
    Invoke-WebRequest -Uri "http://127.0.0.1:8080$Path" -UseBasicParsing -TimeoutSec 60
}

Describe 'The site' {
    It 'has started with its pool after the restart' {
        (Get-WebAppPoolState -Name $name).Value | Should Be 'Started'
        (Get-Website -Name $name).State | Should Be 'Started'
    }
    It 'is the only one' {
        (Get-Website).Name | Should Be $name
    }
    It 'answers ok at /health' {
        $page = Get-Page '/health'
        $page.StatusCode | Should Be 200
        $page.Content.Trim() | Should Be 'ok'
    }
    It 'says tier and version' {
        $facts = Get-Page '/identity' | Select-Object -ExpandProperty Content | ConvertFrom-Json
        $facts.tier | Should Be 'Windows-Web'
        $facts.version | Should Be $env:KILN_ARTIFACT_VERSION
    }
    It 'does not serve its sources' {
        foreach ($path in '/web.config', '/App_Code/Health.cs', '/VERSION') {
            { Get-Page $path } | Should Throw
        }
    }
    It 'says nothing of its server' {
        $headers = (Get-Page '/health').Headers
        foreach ($header in 'Server', 'X-Powered-By', 'X-AspNet-Version') {
            $headers.ContainsKey($header) | Should Be $false
        }
    }
    It 'can be read by its own account and not changed' {
        $own = (Get-Acl -Path "C:\inetpub\$name").Access | Where-Object { $_.IdentityReference -like "IIS AppPool\*" }
        $own.FileSystemRights -band [System.Security.AccessControl.FileSystemRights]::Write | Should Be 0
    }
    It 'is reached through the firewall' {
        (Get-NetFirewallRule -Name $name).Enabled | Should Be 'True'
    }
}
