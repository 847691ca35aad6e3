"""The exchange's pages for people, on which the guide is rehearsed: sign-in, API Management, mailbox, phone.

    application.py   routes, headers, what a visitor may see
    sessions.py      who is visiting, and the token that every form carries
    visit.py         one request and its answers
    sign_in.py  keys.py  mail_and_phone.py   what is done on each page
    templates/  static/                      how it looks

Rules about keys are not here: `api_management` has them, for the control surface too. No page runs a script,
none needs one. There is no password: whoever can reach this machine's loopback may play, with play money.
"""
