//! Types of files that may be submitted: what the request declares and what the bytes are must agree.

/// A type that is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaType {
    /// Portable Document Format.
    Pdf,
    /// Portable Network Graphics.
    Png,
    /// An image as JPEG.
    Jpeg,
    /// A ZIP archive, as of several files.
    Zip,
    /// Text in UTF-8.
    Text,
}

impl MediaType {
    /// Every type.
    pub(super) const ALL: [Self; 5] = [Self::Pdf, Self::Png, Self::Jpeg, Self::Zip, Self::Text];

    /// As `Content-Type` has it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Zip => "application/zip",
            Self::Text => "text/plain",
        }
    }

    /// The type that a `Content-Type` declares, its parameters left aside.
    pub(super) fn declared(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        Self::ALL
            .into_iter()
            .find(|one| one.as_str().eq_ignore_ascii_case(essence))
    }

    /// Whether the bytes are of this type.
    pub(super) fn is_of(self, bytes: &[u8]) -> bool {
        match self {
            Self::Pdf => bytes.starts_with(b"%PDF-"),
            Self::Png => bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
            Self::Jpeg => bytes.starts_with(b"\xff\xd8\xff"),
            Self::Zip => bytes.starts_with(b"PK\x03\x04"),
            Self::Text => std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\0')),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_are_read_without_case_and_parameters() {
        assert_eq!(
            MediaType::declared("Text/Plain; charset=utf-8"),
            Some(MediaType::Text)
        );
        for one in MediaType::ALL {
            assert_eq!(MediaType::declared(one.as_str()), Some(one));
        }
        for other in ["", "text", "text/html", "application/octet-stream"] {
            assert_eq!(MediaType::declared(other), None, "{other}");
        }
    }

    #[test]
    fn the_first_bytes_decide_and_text_has_no_zero_byte() {
        assert!(MediaType::Pdf.is_of(b"%PDF-1.7"));
        assert!(!MediaType::Pdf.is_of(b"MZ\x90"));
        assert!(MediaType::Png.is_of(b"\x89PNG\r\n\x1a\n.."));
        assert!(!MediaType::Png.is_of(b"\x89PNG"));
        assert!(MediaType::Text.is_of("größe".as_bytes()));
        assert!(!MediaType::Text.is_of(b"a\0b"));
        assert!(!MediaType::Text.is_of(b"\xff\xfe"));
    }
}
