import pytest

from heelraise.errors import InputError
from heelraise.osim.xml_text import parse_xml, read_xml

BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;">]>
<OpenSimDocument>&lol2;</OpenSimDocument>
"""


def test_elements_carry_their_lines_and_text():
    root = parse_xml(b'<a x="1">\n  <b> two\n words </b>\n  <!-- no -->\n  <c/>\n</a>', "f.xml")
    assert (root.tag, root.attributes, root.line) == ("a", {"x": "1"}, 1)
    assert [(child.tag, child.line) for child in root.children] == [("b", 2), ("c", 5)]
    found = root.child("b")
    assert found is not None
    assert found.text == "two\n words"
    assert [element.tag for element in root.walk()] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "data",
    [BOMB, b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', b"<!DOCTYPE a><a/>"],
    ids=["bomb", "external", "empty"],
)
def test_a_document_type_is_refused(data):
    with pytest.raises(InputError, match=r"f\.xml:\d+: the XML is refused .*document type"):
        parse_xml(data, "f.xml")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"<a>",
        b"<a></b>",
        b"<a>&nowhere;</a>",
        b"\xff\xfe<\0a\0",
        b'<?xml version="1.0" encoding="none"?><a/>',
    ],
)
def test_what_is_no_xml_is_one_sentence(data):
    with pytest.raises(InputError, match="not well-formed"):
        parse_xml(data, "f.xml")


def test_depth_is_limited():
    with pytest.raises(InputError, match="inside each other"):
        parse_xml(b"<a>" * 5000, "f.xml")


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / "none.xml", tmp_path):
        with pytest.raises(InputError, match="cannot be read") as caught:
            read_xml(path)
        assert caught.value.where == str(path)
