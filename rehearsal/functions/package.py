"""A deployment package becomes a folder, once: packages are kept by their digest."""

import hashlib
import io
import shutil
import tempfile
import zipfile
from pathlib import Path

from rehearsal.functions.model import NotRunnable

HELPER = Path(__file__).with_name("cfnresponse.py")


def unpacked(package: bytes, store: Path) -> Path:
    """The folder below `store` with what is in the zip file. Raises NotRunnable for what is no zip file."""
    folder = store / hashlib.sha256(package).hexdigest()
    if folder.is_dir():
        return folder
    store.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=store))
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            archive.extractall(draft)  # zipfile takes "..", "/" and drives out of the names
        try:
            draft.rename(folder)
        except OSError:  # another invocation was faster
            if not folder.is_dir():
                raise
    except zipfile.BadZipFile as error:
        raise NotRunnable(f"the deployment package is no zip file: {error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def inline(source: str, file_name: str) -> bytes:
    """CloudFormation's Code.ZipFile: a package with the source, and for Python the module `cfnresponse`.

    The same source gives the same bytes.
    """
    files = {file_name: source}
    if file_name.endswith(".py"):
        files[HELPER.name] = HELPER.read_text()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)
    return buffer.getvalue()
