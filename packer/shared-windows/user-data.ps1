<powershell>
# The builder's first boot: WinRM over HTTPS with a certificate of its own, and over nothing else. seal.ps1 undoes it.
# Basic authentication and messages without encryption are off by themselves; base forbids them by policy, so that setting
# them here would fail on the layers above.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

Set-Service -Name WinRM -StartupType Automatic # seal.ps1 has disabled it in the layer below
Start-Service -Name WinRM
$certificate = New-SelfSignedCertificate -DnsName $env:COMPUTERNAME -CertStoreLocation Cert:\LocalMachine\My `
    -FriendlyName 'kiln-bake' -NotAfter (Get-Date).AddDays(2)
Get-ChildItem -Path WSMan:\localhost\Listener | Remove-Item -Recurse -Force
New-Item -Path WSMan:\localhost\Listener -Transport HTTPS -Address * `
    -CertificateThumbPrint $certificate.Thumbprint -Force | Out-Null
New-NetFirewallRule -Name 'kiln-bake' -DisplayName 'Kiln: WinRM over HTTPS while baking' -Direction Inbound `
    -Protocol TCP -LocalPort 5986 -Action Allow | Out-Null
</powershell>
