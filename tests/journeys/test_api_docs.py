"""The API's own page works in a browser, under the same strict policy as every other page."""

from playwright.sync_api import Browser

from tests.web import served


def test_the_page_shows_the_operations_under_our_policy(browser: Browser, transactional_db: None) -> None:
    complaints: list[str] = []
    with served() as address:
        page = browser.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        answer = page.goto(f"{address}/api/docs/")
        assert answer is not None
        policy = answer.headers["content-security-policy"]
        page.wait_for_selector(".opblock", timeout=30_000)
        shown = page.locator(".opblock-summary-path").all_inner_texts()
        page.locator("#operations-tickets-tickets_open .opblock-summary-control").click()
        page.wait_for_selector("#operations-tickets-tickets_open .opblock-body")
        page.close()
    assert "unsafe" not in policy
    assert "/api/v1/tickets/" in [path.replace("\u200b", "") for path in shown]
    assert complaints == []
