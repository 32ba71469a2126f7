"""What the exchange refuses as a whole; a row that is wrong is no refusal but a line of the errors file."""

from fedele.kernel.refusal import Refusal


class ImportFileUnreadable(Refusal):
    """The file is missing, of an unknown format or encoding, or its head names no column that is needed."""

    code = "IMPORT_FILE_UNREADABLE"
    message = "{file} cannot be imported: {problem}"


class SectionNotAList(Refusal):
    """The programme's text keeps this section in a form that nothing can be appended to."""

    code = "PROGRAMME_SECTION_NOT_A_LIST"
    message = (
        "To import into it, the programme's section '{section}' must be a block list (lines that begin with '- ')."
    )
