# What must be true of the base image; run on the builder after it has restarted, before it becomes one.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$settings = Get-Content -Path 'C:\kiln\upload\registry.json' -Raw | ConvertFrom-Json
$schannel = 'HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols'

Describe 'Windows' {
    It 'is Server 2019' {
        (Get-CimInstance -ClassName Win32_OperatingSystem).Version | Should Be '10.0.17763'
    }
    It 'has .NET Framework 4.7.1 or what replaces it' {
        # https://learn.microsoft.com/dotnet/framework/migration-guide/how-to-determine-which-versions-are-installed
        $release = (Get-ItemProperty -Path 'HKLM:\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full').Release
        $release -ge 461308 | Should Be $true
    }
    It 'is sealed by EC2Launch v2' {
        Test-Path -Path "$env:ProgramFiles\Amazon\EC2Launch\EC2Launch.exe" | Should Be $true
    }
    It 'waits for no restart' {
        $path = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending'
        Test-Path -Path $path | Should Be $false
    }
    It 'has room on its disk' {
        (Get-PSDrive -Name C).Free -gt 5gb | Should Be $true
    }
}

Describe 'Settings' {
    foreach ($one in $settings) {
        It "has $($one.name) in $($one.path)" {
            (Get-ItemProperty -Path $one.path).($one.name) | Should Be $one.value
        }
    }
    foreach ($old in 'SSL 2.0', 'SSL 3.0', 'TLS 1.0', 'TLS 1.1') {
        It "does not speak $old" {
            (Get-ItemProperty -Path "$schannel\$old\Server").Enabled | Should Be 0
            (Get-ItemProperty -Path "$schannel\$old\Client").Enabled | Should Be 0
        }
    }
    It 'speaks TLS 1.2' {
        (Get-ItemProperty -Path "$schannel\TLS 1.2\Server").Enabled | Should Be 1
    }
    It 'does not speak SMB 1' {
        (Get-SmbServerConfiguration).EnableSMB1Protocol | Should Be $false
        (Get-WindowsFeature -Name FS-SMB1).Installed | Should Be $false
    }
}

Describe 'Accounts' {
    It 'nobody is logged on by itself' {
        $logon = Get-Item -Path 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon'
        $logon.GetValue('AutoAdminLogon', '0') | Should Be '0'
        $logon.GetValue('DefaultPassword') | Should BeNullOrEmpty
    }
    It 'only the Administrator can log on' {
        (Get-LocalUser | Where-Object { $_.Enabled }).Name | Should Be 'Administrator'
    }
}

Describe 'Watching' {
    foreach ($what in 'Logon', 'User Account Management', 'Audit Policy Change', 'Process Creation') {
        It "audits $what" {
            $said = & auditpol.exe /get "/subcategory:$what" /r | Where-Object { $_ } | ConvertFrom-Csv
            $said.'Inclusion Setting' | Should Be 'Success and Failure'
        }
    }
    It 'has Defender on' {
        (Get-MpComputerStatus).RealTimeProtectionEnabled | Should Be $true
    }
    It 'takes the time from Amazon alone' {
        $time = Get-ItemProperty -Path 'HKLM:\SYSTEM\CurrentControlSet\Services\W32Time\Parameters'
        $time.NtpServer | Should Be '169.254.169.123,0x9'
    }
}

Describe 'Firewall' {
    It 'blocks what no rule lets in' {
        foreach ($network in Get-NetFirewallProfile -All) {
            "$($network.Enabled) $($network.DefaultInboundAction)" | Should Be 'True Block'
        }
    }
    It 'lets nobody in to administer but Packer' {
        $groups = 'Remote Desktop', 'Windows Remote Management', 'File and Printer Sharing'
        $open = Get-NetFirewallRule -Direction Inbound -Enabled True -Action Allow |
            Where-Object { $groups -contains $_.DisplayGroup }
        $open | Should BeNullOrEmpty
    }
}
