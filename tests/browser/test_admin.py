"""`/admin/`: sign-in and gadgets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.accessibility import findings
from tests.support.service import Service

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

USERNAME, PASSWORD = "operator", "correct-horse-battery"


@pytest.fixture(scope="module")
def running_service(migrated_database: Callable[[str], str]) -> Iterator[Service]:
    """A service with the admin. It replaces the session's."""
    with Service(migrated_database("administered"), ADMIN_ENABLED="true") as service:
        yield service


@pytest.fixture(scope="module", autouse=True)
def account(running_service: Service) -> None:
    """A superuser, made by the management command."""
    given = {"USERNAME": USERNAME, "PASSWORD": PASSWORD, "EMAIL": "operator@example.com"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setitem(running_service.environment, f"DJANGO_SUPERUSER_{name}", value)
        running_service.manage("createsuperuser", "--noinput", check=True)


def sign_in(page: Page, password: str = PASSWORD) -> None:
    """Fills in and sends the sign-in form."""
    page.get_by_label("Username").fill(USERNAME)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


@pytest.fixture
def admin(page: Page) -> Page:
    """A signed-in page with the admin's index."""
    page.goto("/admin/")
    sign_in(page)
    page.get_by_role("heading", name="Site administration").wait_for()
    return page


def names(page: Page) -> list[str]:
    """The names in the list, from the top."""
    return page.locator("#result_list .field-name").all_inner_texts()


def test_the_slash_is_optional(page: Page, screenshot: Callable[[Page, str], None]) -> None:
    page.goto("/admin")
    page.wait_for_url("**/admin/login/**")
    screenshot(page, "admin-sign-in")


def test_a_wrong_password_stays_outside(page: Page) -> None:
    page.goto("/admin/sample/gadget/")
    sign_in(page, password="wrong")
    page.get_by_text("Please enter the correct username and password").wait_for()


def test_lists_newest_first_and_searches(
    admin: Page, service: Service, screenshot: Callable[[Page, str], None]
) -> None:
    for name in ("one apple", "two pears", "three Apples"):
        service.post("/gadgets", json={"name": name})
    admin.get_by_role("link", name="Gadgets").last.click()
    admin.wait_for_url("**/admin/sample/gadget/")
    assert names(admin) == ["three Apples", "two pears", "one apple"]
    screenshot(admin, "admin-gadgets")
    admin.locator("#searchbar").fill("apple")
    admin.get_by_role("button", name="Search").click()
    admin.wait_for_url("**q=apple**")
    assert names(admin) == ["three Apples", "one apple"]


def test_adds_changes_and_deletes(admin: Page, service: Service, screenshot: Callable[[Page, str], None]) -> None:
    admin.goto("/admin/sample/gadget/add/")
    assert "object at 0x" not in admin.locator("#content").inner_text()
    screenshot(admin, "admin-add")
    admin.get_by_label("Name").fill("added")
    admin.get_by_role("button", name="Save and continue editing").click()
    admin.get_by_text("was added successfully").wait_for()
    [gadget] = service.get("/gadgets").json()
    assert gadget["name"] == "added"
    assert gadget["id"] in admin.locator(".field-id").inner_text()
    screenshot(admin, "admin-change")

    admin.get_by_label("Name").fill("changed")
    admin.get_by_role("button", name="Save", exact=True).click()
    admin.get_by_text("was changed successfully").wait_for()
    assert names(admin) == ["changed"]

    admin.get_by_role("link", name="changed").last.click()
    admin.get_by_role("link", name="Delete").click()
    admin.get_by_role("button", name="Yes, I’m sure").click()
    admin.get_by_text("was deleted successfully").wait_for()
    assert service.get("/gadgets").json() == []


def test_refuses_an_empty_name(admin: Page, service: Service) -> None:
    admin.goto("/admin/sample/gadget/add/")
    admin.get_by_label("Name").fill("   ")
    admin.get_by_role("button", name="Save", exact=True).click()
    admin.locator(".field-name .errorlist").get_by_text("This field is required.").wait_for()
    assert service.get("/gadgets").json() == []


def test_leads_back_to_the_site(admin: Page) -> None:
    admin.get_by_role("link", name="View site").click()
    admin.get_by_role("link", name="/schema").wait_for()


def test_no_page_has_a_serious_fault(admin: Page, service: Service) -> None:
    gadget = service.post("/gadgets", json={"name": "unbroken" * 25}).json()
    # One sign-in for all of them, because ten in a quarter of an hour are the limit.
    for path in ("", "sample/gadget/", "sample/gadget/add/", f"sample/gadget/{gadget['id']}/change/"):
        assert findings(admin, f"/admin/{path}") == [], path


def test_signing_out_ends_the_session(admin: Page) -> None:
    admin.get_by_role("button", name="Log out").click()
    admin.get_by_text("Logged out").wait_for()
    admin.goto("/admin/sample/gadget/")
    admin.get_by_label("Username").wait_for()


def test_a_signed_in_user_may_use_the_api(admin: Page) -> None:
    admin.goto("/gadgets")
    admin.locator("#post-object-form [name=name]").fill("from a session")
    admin.locator("#post-object-form").get_by_role("button", name="POST").click()
    admin.get_by_text("HTTP 201 Created").wait_for()
