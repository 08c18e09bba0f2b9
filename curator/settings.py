"""Every setting of Curator: typed, documented, refused at start if wrong.

Sources, strongest first: the environment; `services.json`, which the embedded supervisor writes in
`CURATOR_HOME/run` so that a command in another terminal finds the running servers; the defaults here.
"""

import fcntl
import ipaddress
import json
import os
import re
import secrets
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy import make_url

from curator.errors import Invalid


class Settings(BaseSettings):
    """Read once per process with `get_settings()`. Field descriptions are the reference in docs/running.md."""

    model_config = SettingsConfigDict(env_prefix="CURATOR_", extra="ignore", frozen=True, hide_input_in_errors=True)

    home: Path = Field(Path("var"), description="Data folder: embedded servers, secrets, the demo's mailbox.")
    host: str = Field("127.0.0.1", description="Address the web process listens on.")
    port: int = Field(8420, ge=1, le=65535, description="Port of the web process.")
    base_url: str = Field("", description="Public address of the web process; default http://HOST:PORT.")
    database_url: str = Field(
        "", validation_alias="DATABASE_URL", description="PostgreSQL 15 or newer; empty = embedded."
    )
    redis_url: str = Field(
        "", validation_alias="REDIS_URL", description="Valkey or Redis 6.2 or newer; empty = embedded."
    )
    secret_file: Path | None = Field(None, description="JSON file with the keys; default CURATOR_HOME/secrets.json.")
    database_password_file: Path | None = Field(None, description="File with DATABASE_URL's password.")
    mailbox_port: int = Field(
        8425, ge=0, le=65535, description="SMTP port of the mailbox; 0, or unset and taken: a free one."
    )
    inbound_domain: str = Field("", description="Domain whose mail reaches Curator (return path, mailto unsubscribe).")
    mail_in: str = Field("", description="How mail-in addresses look, * is their own part; empty = *@INBOUND_DOMAIN.")
    receiver_host: str = Field("127.0.0.1", description="Address `curator receiver` listens on for mail (SMTP, LMTP).")
    receiver_port: int = Field(8426, ge=0, le=65535, description="Port of `curator receiver`; 0 takes a free one.")
    imap_url: str = Field("", description="Mailbox to read mail-in from, imaps://USER@HOST/INBOX; empty = none.")
    imap_password_file: Path | None = Field(None, description="File with the password of CURATOR_IMAP_URL.")
    dns_server: str = Field("", description="DNS server `curator relays dns` asks, like 9.9.9.9:53; empty = system's.")
    trusted_hops: int = Field(
        0, ge=0, le=5, description="Reverse proxies in front whose forwarding headers are believed."
    )
    fetch_allow: str = Field("", description="Comma-separated CIDR ranges that may be fetched though not public.")
    fetch_seconds: float = Field(20.0, gt=0, description="Total time allowed for fetching one address, in seconds.")
    check_links: bool = Field(True, description="Ask in the background what the links of drafts answer.")
    model_address: str = Field(
        "", description="Language model that proposes words: its API, like https://api.mistral.ai/v1; empty = none."
    )
    model_key: SecretStr = Field(SecretStr(""), description="Key the model's server wants; empty = it wants none.")
    model_key_file: Path | None = Field(None, description="File with CURATOR_MODEL_KEY, in its place.")
    model_name: str = Field("", description="Name of the model, as its server has it, like mistral-small-latest.")
    model_seconds: float = Field(30.0, gt=0, le=120, description="Total time allowed for one answer of the model.")
    model_hourly: int = Field(
        60, ge=1, description="Most proposals one person, or one issue, may ask for within an hour."
    )
    undo_seconds: int = Field(
        600, ge=0, description="Time between Send and the first message in which Send can be undone."
    )
    pilot_share: float = Field(
        0.02, ge=0, le=0.5, description="Share of the readers who get an issue first, before a pause; 0 = no pilot."
    )
    pilot_least: int = Field(20, ge=1, description="Fewest readers of a pilot; none where that is more than 4 %.")
    pilot_hold_minutes: float = Field(15.0, ge=0, description="Pause after the pilot, for what comes back of it.")
    pilot_bounces: float = Field(
        0.05, ge=0, le=1, description="Largest share of the pilot that may bounce for good; above it a person decides."
    )
    pilot_complaints: float = Field(
        0.001, ge=0, le=1, description="Largest share of the pilot that may complain; above it a person decides."
    )
    pilot_trouble: float = Field(
        0.1, ge=0, le=1, description="Largest share of the pilot the relay may put off or leave in doubt."
    )
    lease_seconds: int = Field(
        60, ge=5, description="How long a claimed message stays with its worker without progress."
    )
    slice_seconds: float = Field(5.0, gt=0, description="Longest time one delivery task claims messages.")
    sweep_seconds: float = Field(2.0, gt=0, description="Interval of the sweeps that look for due work.")
    smtp_reply_seconds: float = Field(
        600.0, gt=0, description="Longest wait for the reply to the final dot (RFC 5321 4.5.3.2.6)."
    )
    smtp_phase_seconds: float = Field(60.0, gt=0, description="Longest wait for every other SMTP reply.")
    worker_processes: int = Field(
        2, ge=1, le=64, description="Processes of one Celery worker; with a model two at least."
    )
    session_idle_hours: int = Field(
        12, ge=1, description="Hours without use after which a sign-in ends; a page left open is no use."
    )
    session_days: int = Field(7, ge=1, description="Days after which a sign-in ends in any case.")
    unconfirmed_days: int = Field(14, ge=1, description="Days after which unconfirmed subscriptions are deleted.")
    contributor_days: int = Field(
        60, ge=1, description="Days after which the addresses of readers who suggested articles are forgotten."
    )
    metrics_token: str = Field(
        "", description="Bearer token for /metrics; empty = only from this machine, with no proxy in front."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe log line written."
    )

    @field_validator("base_url")
    @classmethod
    def _base_url_is_an_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("CURATOR_BASE_URL must start with http:// or https://")
        return value.rstrip("/")

    @field_validator("mail_in")
    @classmethod
    def _mail_in_has_one_star(cls, value: str) -> str:
        if value and not re.fullmatch(r"[^@*\s]*\*[^@*\s]*@[^@*\s]+", value):
            raise ValueError("CURATOR_MAIL_IN is an address with one *, like desk+*@example.org")
        return value

    @field_validator("imap_url")
    @classmethod
    def _imap_url_is_an_address(cls, value: str) -> str:
        if value and not re.fullmatch(r"imaps?://[^/\s]+@[^/@\s]+(/[^\s]*)?", value):
            raise ValueError("CURATOR_IMAP_URL is like imaps://user@imap.example.org/INBOX")
        return value

    @field_validator("dns_server")
    @classmethod
    def _dns_server_is_a_number(cls, value: str) -> str:
        if value:
            _host_and_port(value)
        return value

    @field_validator("model_address")
    @classmethod
    def _model_address_is_an_address(cls, value: str) -> str:
        host = r"(\[[0-9A-Fa-f:.]+\]|[\w.-]+)"
        if value and not re.fullmatch(
            rf"https?://{host}(:\d{{1,4}}|:[1-5]\d{{4}}|:6[0-5]\d{{3}})?(/[\w.~%/+-]*)?", value, re.ASCII
        ):
            raise ValueError("CURATOR_MODEL_ADDRESS is like https://api.mistral.ai/v1 or http://127.0.0.1:11434/v1")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _model_is_whole(self) -> "Settings":
        """A model has an address and a name; its key comes from one place and fits in a header."""
        if self.model_key_file:
            if self.model_key.get_secret_value():
                raise ValueError("CURATOR_MODEL_KEY and CURATOR_MODEL_KEY_FILE are both set. Keep one")
            try:
                object.__setattr__(self, "model_key", SecretStr(self.model_key_file.read_text().strip()))
            except (OSError, ValueError) as error:
                raise ValueError(f"CURATOR_MODEL_KEY_FILE cannot be read: {type(error).__name__}") from error
        key = self.model_key.get_secret_value()
        if not re.fullmatch(r"[\x21-\x7e]*", key):
            raise ValueError("CURATOR_MODEL_KEY has spaces or other signs that no key has")
        if self.model_address and not self.model_name.strip():
            raise ValueError("CURATOR_MODEL_NAME is missing: which model should the server use?")
        if not self.model_address and (self.model_name or key):
            raise ValueError("CURATOR_MODEL_ADDRESS is missing: where does the model answer?")
        return self

    @model_validator(mode="after")
    def _put_the_password_in(self) -> "Settings":
        """Secrets come from files in production: the address of the database is made whole here."""
        if self.database_password_file and self.database_url:
            try:
                password = self.database_password_file.read_text().strip()
            except OSError as error:
                raise ValueError(f"CURATOR_DATABASE_PASSWORD_FILE cannot be read: {error.strerror}") from error
            url = make_url(self.database_url).set(password=password).render_as_string(hide_password=False)
            object.__setattr__(self, "database_url", url)  # frozen for everybody else
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment first, then what a running supervisor wrote down."""
        return (init_settings, env_settings, _RunningServices(settings_cls))

    @property
    def public_url(self) -> str:
        """Public address without a trailing slash; every link in mail and page starts with it."""
        return self.base_url or f"http://{'127.0.0.1' if self.host == '0.0.0.0' else self.host}:{self.port}"

    @property
    def mail_in_pattern(self) -> str:
        """How the address of a newsletter looks, with * for its own part; empty when mail cannot reach us."""
        return self.mail_in or (f"*@{self.inbound_domain}" if self.inbound_domain else "")

    @property
    def sqlalchemy_url(self) -> str:
        """DATABASE_URL with the psycopg 3 driver named."""
        head, separator, rest = self.database_url.partition("://")
        return f"postgresql+psycopg://{rest}" if separator and head.startswith("postgres") else self.database_url

    @property
    def dns_address(self) -> tuple[str, int] | None:
        """Address and port of CURATOR_DNS_SERVER; None for what the system is set up with."""
        return _host_and_port(self.dns_server) if self.dns_server else None

    @property
    def run_directory(self) -> Path:
        """Where the supervisor writes `services.json`."""
        return self.home.absolute() / "run"

    def secret(self, name: str) -> bytes:
        """32 random bytes kept under `name` outside the database; made on first use."""
        return bytes.fromhex(_load_secrets(self.secret_file or self.home.absolute() / "secrets.json", name)[name])


def _host_and_port(server: str) -> tuple[str, int]:
    """`9.9.9.9`, `9.9.9.9:53` or `[2620:fe::fe]:53` as address and port."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::(\d{1,5}))?", server)
    try:
        if found is not None and 0 < int(found[3] or 53) < 65536:
            return str(ipaddress.ip_address(found[1] or found[2])), int(found[3] or 53)
    except ValueError:
        pass
    raise ValueError("CURATOR_DNS_SERVER is an address with a port, like 9.9.9.9:53 or [2620:fe::fe]:53")


class _RunningServices(PydanticBaseSettingsSource):
    """Values the embedded supervisor wrote to CURATOR_HOME/run/services.json, keyed by environment name."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        run = Path(os.environ.get("CURATOR_HOME", "var")).absolute() / "run"
        if not _is_held(run / "lock"):
            return {}  # no supervisor lives: what a killed one left there would mislead
        try:
            values: dict[str, Any] = json.loads((run / "services.json").read_text()).get("environment", {})
        except (OSError, ValueError):
            return {}
        return {
            (k if k in ("DATABASE_URL", "REDIS_URL") else k.removeprefix("CURATOR_").lower()): v
            for k, v in values.items()
            if k != "CURATOR_HOME"
        }


def _is_held(path: Path) -> bool:
    """Does a process hold the lock of a running supervisor?"""
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _load_secrets(path: Path, name: str) -> dict[str, str]:
    """Read the key file, adding `name` if it is missing. The file is 0600 and replaced atomically."""
    keys: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    if name in keys:
        return keys
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        keys = json.loads(path.read_text()) if path.exists() else {}
        if name not in keys:
            keys[name] = secrets.token_hex(32)
            fresh = path.with_suffix(".new")
            fresh.touch(mode=0o600)
            fresh.write_text(json.dumps(keys, indent=1))
            fresh.replace(path)
    finally:
        os.close(lock)
    return keys


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process; `Invalid` with one readable line per mistake."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [f"{_name_of(e['loc'])}{e['msg'].removeprefix('Value error, ')}" for e in error.errors()]
        raise Invalid("Settings are wrong. " + "; ".join(lines)) from error


def _name_of(place: tuple[int | str, ...]) -> str:
    """The environment name of a field, for the message; empty when the mistake is not one field's."""
    if not place:
        return ""
    name = str(place[0])
    return f"{name}: " if name.isupper() else f"CURATOR_{name.upper()}: "
