# What must be true of the runtime image; run on the builder after it has restarted, before it becomes one.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

Import-Module -Name WebAdministration

Describe 'IIS' {
    foreach ($feature in 'Web-Asp-Net45', 'Web-Filtering', 'Web-Http-Logging', 'NET-Framework-45-ASPNET') {
        It "has $feature" {
            (Get-WindowsFeature -Name $feature).Installed | Should Be $true
        }
    }
    It 'has nothing that a tier does not need' {
        foreach ($feature in 'Web-Dir-Browsing', 'Web-DAV-Publishing', 'Web-Ftp-Server', 'Web-Mgmt-Service') {
            (Get-WindowsFeature -Name $feature).Installed | Should Be $false
        }
    }
    It 'starts by itself, and again when it fails' {
        (Get-Service -Name W3SVC).StartType | Should Be 'Automatic'
        "$(& sc.exe qfailure W3SVC)" | Should Match 'RESTART'
    }
    It 'serves nothing yet' {
        @(Get-Website).Count | Should Be 0
    }
    It 'says nothing of itself' {
        $said = Get-WebConfigurationProperty -PSPath 'MACHINE/WEBROOT/APPHOST' `
            -Filter 'system.webServer/security/requestFiltering' -Name removeServerHeader
        $said.Value | Should Be $true
    }
}

Describe '.NET Framework' {
    It 'is 4.7.1 or what replaces it' {
        $release = (Get-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full').Release
        $release -ge 461308 | Should Be $true
    }
}
