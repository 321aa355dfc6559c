"""The web page and HTTP service: `settings` says what runs, `app` answers, one worker process owns the network.

    guard       who may ask, how much, how often
    listener    the socket; server runs the service on it
    app         all together; routes answer, models says what they take and give
    line        the bounded queue in front of the worker
    worker      the process, and how to talk to it
    studio      what the worker does: analyse, prepare, paint, film
    clips       animations, frame by frame through the same line
    page/       plain HTML, CSS and JS modules

Importing it loads no network.
"""

from rsagan.web.settings import Settings

__all__ = ["Settings"]
