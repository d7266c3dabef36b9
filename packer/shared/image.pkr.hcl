# How every image is made; what is its own stands in the folder of its recipe. The version pins are in ../versions.toml,
# the values of the variables come from `python -m bake`, which resolves the parent and the place where images are baked
# (stack Payroll-Tooling).

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
variable "python" { type = string }
variable "instance_type" { type = string }
variable "root_volume_gib" { type = number }
# Only to see what is installed: everything is done, and no image made.
variable "without_image" {
  type    = bool
  default = false
}

source "amazon-ebs" "image" {
  region          = var.region
  source_ami      = var.parent_image
  ami_name        = var.image_name
  ami_description = "Payroll ${var.recipe}, baked by Kiln"
  skip_create_ami = var.without_image

  instance_type               = var.instance_type
  subnet_id                   = var.subnet
  security_group_id           = var.security_group
  iam_instance_profile        = var.instance_profile
  associate_public_ip_address = false
  shutdown_behavior           = "terminate"

  # FSBP EC2.8, CIS 5.6: version 2 only, for the builder and for what is launched from the image
  imds_support = "v2.0"
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "disabled"
  }

  # The key of the image belongs to the builder's volume already: encrypt_boot would copy the whole image once more.
  launch_block_device_mappings {
    device_name           = "/dev/xvda"
    volume_type           = "gp3"
    volume_size           = var.root_volume_gib
    iops                  = 3000
    throughput            = 250
    encrypted             = true
    kms_key_id            = var.encryption_key
    delete_on_termination = true
  }

  deprecate_at = timeadd(timestamp(), "8760h")
  # No deregistration protection here: bake sets it, with its cooldown of a day, when the image is recorded. An image of a
  # bake that fails after Packer has made it could not be removed for that day.

  run_tags        = var.image_tags
  run_volume_tags = var.image_tags
  tags            = var.image_tags
  snapshot_tags   = var.image_tags

  communicator              = "ssh"
  ssh_username              = "admin"
  ssh_interface             = "private_ip"
  ssh_timeout               = "5m"
  ssh_clear_authorized_keys = true
  temporary_key_pair_name   = "packer-${var.build}"
  temporary_key_pair_type   = "ed25519"

  # An API that does not answer is given up after a minute instead of eight.
  max_retries = 4
  aws_polling {
    delay_seconds = 1
    max_attempts  = 1800
  }
}

build {
  sources = ["source.amazon-ebs.image"]

  # The recipe's files/ and its artifact, as /tmp/upload
  provisioner "file" {
    source      = var.upload
    destination = "/tmp"
  }

  provisioner "shell" {
    execute_command = "cd /tmp/upload && sudo env {{ .Vars }} bash {{ .Path }}"
    scripts         = ["${path.root}/prepare.sh", "${var.recipe_folder}/provision.sh", "${path.root}/locked.sh"]
  }

  # The tests run here, against the builder: a failing one means no image.
  provisioner "shell-local" {
    environment_vars = [
      "KILN_HOST=${build.Host}",
      "KILN_PORT=${build.Port}",
      "KILN_USER=${build.User}",
      "KILN_SSH_KEY=${build.SSHPrivateKey}",
      "KILN_PYTHON=${var.python}",
      "KILN_RESULTS=${var.results}",
      "KILN_TESTS=${var.recipe_folder}/tests",
      "KILN_ARTIFACT_VERSION=${lookup(var.image_tags, "kiln:version", "")}",
    ]
    script = "${path.root}/test.sh"
  }

  provisioner "shell" {
    execute_command = "sudo env {{ .Vars }} bash {{ .Path }}"
    scripts         = ["${path.root}/clean.sh", "${path.root}/check.sh"]
  }

  provisioner "file" {
    direction   = "download"
    source      = "/run/packages-before.txt"
    destination = "${var.results}/packages-before.txt"
  }

  provisioner "file" {
    direction   = "download"
    source      = "/run/packages.txt"
    destination = "${var.results}/packages.txt"
  }

  provisioner "file" {
    direction   = "download"
    source      = "/etc/os-release"
    destination = "${var.results}/os-release.txt"
  }
}
