# How every Windows image is made; what is its own stands in the folder of its recipe. Beside ../shared/image.pkr.hcl, which
# is Linux's: another communicator, another way to end. docs/windows.md says which of it was run, and which never was.

variable "recipe" { type = string }
variable "recipe_folder" { type = string }
variable "build" { type = string }
variable "image_name" { type = string }
variable "image_tags" { type = map(string) }
variable "parent_image" { type = string }
variable "region" { type = string }
variable "subnet" { type = string }
variable "security_group" { type = string }
variable "instance_profile" { type = string }
variable "encryption_key" { type = string }
variable "upload" { type = string }
variable "results" { type = string }
variable "instance_type" { type = string }
variable "root_volume_gib" { type = number }
# Snapshots that are prepared for quick launches serve launches in the account that bakes, and cost there.
variable "fast_launch" { type = bool }

source "amazon-ebs" "image" {
  region          = var.region
  source_ami      = var.parent_image
  ami_name        = var.image_name
  ami_description = "Payroll ${var.recipe}, baked by Kiln"

  instance_type               = var.instance_type
  subnet_id                   = var.subnet
  security_group_id           = var.security_group
  iam_instance_profile        = var.instance_profile
  associate_public_ip_address = false
  user_data_file              = "${path.root}/user-data.ps1"

  # seal.ps1 shuts the builder down, and the image is made of what is then stopped. So "terminate", which lets a Linux
  # builder end itself, would leave nothing to make an image of: a forgotten one stops after hours, and the sweep ends it.
  shutdown_behavior     = "stop"
  disable_stop_instance = true

  # FSBP EC2.8: version 2 only, for the builder and for what is launched from the image
  imds_support = "v2.0"
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "disabled"
  }

  launch_block_device_mappings {
    device_name           = "/dev/sda1" # of Amazon's Windows AMIs
    volume_type           = "gp3"
    volume_size           = var.root_volume_gib
    iops                  = 6000 # Windows updates and sysprep are many small writes
    throughput            = 250
    encrypted             = true
    kms_key_id            = var.encryption_key
    delete_on_termination = true
  }

  # Any other option in here switches it on, whatever this one says.
  fast_launch {
    enable_fast_launch    = var.fast_launch
    max_parallel_launches = var.fast_launch ? 6 : null
    target_resource_count = var.fast_launch ? 5 : null
  }

  deprecate_at = timeadd(timestamp(), "8760h")

  run_tags        = var.image_tags
  run_volume_tags = var.image_tags
  tags            = var.image_tags
  snapshot_tags   = var.image_tags

  communicator   = "winrm"
  winrm_username = "Administrator"
  ssh_interface  = "private_ip" # also of WinRM
  winrm_port     = 5986
  winrm_use_ssl  = true
  # The builder makes its certificate when it boots, so nobody can know it beforehand; hence NTLM, where the password does
  # not travel. It was made at random for this instance, and EC2 hands it over encrypted with this build's own key.
  winrm_insecure           = true
  winrm_use_ntlm           = true
  windows_password_timeout = "20m" # the first boot of a sealed image takes minutes
  winrm_timeout            = "15m"
  temporary_key_pair_name  = "packer-${var.build}"
  temporary_key_pair_type  = "rsa" # EC2 encrypts passwords with no other

  max_retries = 4
  aws_polling {
    delay_seconds = 5
    max_attempts  = 1440
  }
}

build {
  sources = ["source.amazon-ebs.image"]

  # The recipe's files/ and its artifact, as C:\kiln\upload; its tests beside them
  provisioner "file" {
    sources     = [var.upload, "${var.recipe_folder}/tests"]
    destination = "C:/kiln"
  }

  provisioner "powershell" {
    scripts = ["${path.root}/prepare.ps1", "${path.root}/list.ps1"]
  }

  provisioner "file" {
    direction   = "download"
    source      = "C:/kiln/packages.txt"
    destination = "${var.results}/packages-before.txt"
  }

  # As SYSTEM: Windows Update refuses those who log in from elsewhere.
  provisioner "powershell" {
    elevated_user     = "SYSTEM"
    elevated_password = ""
    script            = "${var.recipe_folder}/provision.ps1"
  }

  # What is tested has booted with what it was given.
  provisioner "windows-restart" {
    restart_timeout = "30m"
  }

  # A failing test means no image; its name is fetched first.
  provisioner "powershell" {
    environment_vars = ["KILN_ARTIFACT_VERSION=${lookup(var.image_tags, "kiln:version", "")}"]
    scripts          = ["${path.root}/test.ps1", "${path.root}/list.ps1"]
  }

  provisioner "file" {
    direction   = "download"
    source      = "C:/kiln/tests.xml"
    destination = "${var.results}/tests.xml"
  }

  provisioner "file" {
    direction   = "download"
    source      = "C:/kiln/packages.txt"
    destination = "${var.results}/packages.txt"
  }

  provisioner "file" {
    direction   = "download"
    source      = "C:/kiln/os-release.txt"
    destination = "${var.results}/os-release.txt"
  }

  provisioner "powershell" {
    script = "${path.root}/verdict.ps1"
  }

  provisioner "file" {
    source      = "${path.root}/seal.ps1"
    destination = "C:/kiln/seal.ps1"
  }

  # Begins what ends in the builder's shutdown, after this connection is gone.
  provisioner "powershell" {
    script = "${path.root}/begin-seal.ps1"
  }
}
