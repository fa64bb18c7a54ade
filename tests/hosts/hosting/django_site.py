"""The site in Django, with its sessions, its protection against forged posts, and its admin."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)

from cookiegate import consent_of
from hosting import content
from hosting.content import SIGNALS

if TYPE_CHECKING:
    from django.core.handlers.asgi import ASGIHandler

STREAMS = {"stream": content.pieces, "sse": content.events, "endless": content.endless}
APPS = ["admin", "auth", "contenttypes", "sessions", "messages"]
FORM = """<!doctype html><title>Log in</title>
<form method="post">{% csrf_token %}
<input name="user"><input name="password" type="password"><button>Log in</button></form>"""


def create_app(folder: Path) -> ASGIHandler:
    """Build the site with a new database; folder: with the files it serves."""
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(Path(tempfile.mkdtemp(dir=folder)) / "site.db"),
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[f"django.contrib.{name}" for name in APPS],
        MIDDLEWARE=[
            "django.middleware.gzip.GZipMiddleware",
            "django.middleware.http.ConditionalGetMiddleware",
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
        MIGRATION_MODULES=dict.fromkeys(APPS),  # the tables as they are now, at once
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        ROOT_URLCONF=__name__,
        SECRET_KEY=content.KEY,
        SITE_FOLDER=folder,
        STATIC_URL="/admin-static/",
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        USE_TZ=True,
    )
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", run_syncdb=True, verbosity=0)
    User.objects.create_superuser(content.USER, "", content.PASSWORD)
    add_routes()
    return get_asgi_application()


async def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse(content.TRACKED)


def innocent(request: HttpRequest) -> HttpResponse:  # in a thread
    return HttpResponse(content.INNOCENT)


def large(request: HttpRequest) -> HttpResponse:
    return HttpResponse(content.LARGE)


async def data(request: HttpRequest) -> HttpResponse:
    return JsonResponse(content.DATA)


async def stream(request: HttpRequest, kind: str, name: str) -> StreamingHttpResponse:
    media_type = "text/event-stream" if kind == "sse" else "text/html"
    return StreamingHttpResponse(STREAMS[kind](name), content_type=media_type)


async def go(request: HttpRequest, name: str) -> HttpResponse:
    SIGNALS.set(f"go {name}")
    return HttpResponse("gone", content_type="text/plain")


async def closed(request: HttpRequest, name: str) -> HttpResponse:
    return HttpResponse(await SIGNALS.wait(f"closed {name}"), content_type="text/plain")


def cookies(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(content.INNOCENT)
    response.set_cookie("_ga", "GA1.1.1.1", max_age=999)
    response.set_cookie("basket", "3")
    return response


def login(request: HttpRequest) -> HttpResponse:
    from django.template import engines

    if request.method == "GET":
        return HttpResponse(engines["django"].from_string(FORM).render({}, request))
    if request.POST.get("password") != content.PASSWORD:
        return HttpResponse(content.page("Wrong password"), status=403)
    request.session["user"] = request.POST["user"]
    return HttpResponseRedirect("/me")


def me(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.session.get("user", "nobody"), content_type="text/plain")


def consent(request: HttpRequest) -> HttpResponse:
    view = consent_of(request)
    return JsonResponse({"analytics": view.allows("analytics"), "answered": view.state is not None})


def grant(request: HttpRequest) -> HttpResponse:
    consent_of(request).grant_sync("analytics")
    return HttpResponse(content.TRACKED)


def tagged(request: HttpRequest) -> HttpResponse:
    return HttpResponse(content.TRACKED, headers={"ETag": content.ETAG})


def moved(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect("/innocent")


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("on purpose")


def file(request: HttpRequest) -> FileResponse:
    return FileResponse((settings.SITE_FOLDER / "page.html").open("rb"))


def download(request: HttpRequest) -> FileResponse:
    return FileResponse((settings.SITE_FOLDER / "page.html").open("rb"), as_attachment=True)


def show_missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse(content.MISSING, status=404)


def show_broken(request: HttpRequest) -> HttpResponse:
    return HttpResponse(content.BROKEN, status=500)


handler404, handler500 = show_missing, show_broken
urlpatterns: list[object] = []


def add_routes() -> None:
    """Say which address shows what. The admin can only be asked for once Django is set up."""
    from django.contrib import admin
    from django.urls import path
    from django.views.static import serve

    urlpatterns.extend(
        [
            path("", home),
            path("innocent", innocent),
            path("large", large),
            path("json", data),
            path("stream/<kind>/<name>", stream),
            path("go/<name>", go),
            path("closed/<name>", closed),
            path("cookies", cookies),
            path("login", login),
            path("me", me),
            path("consent", consent),
            path("grant", grant),
            path("etag", tagged),
            path("redirect", moved),
            path("error", broken),
            path("file", file),
            path("download", download),
            path("static/<path:path>", serve, {"document_root": settings.SITE_FOLDER}),
            path("admin/", admin.site.urls),
        ]
    )
