//! Files for `serve --demo`: a text, a PDF and a sound in which a player can seek.

use std::fmt::Write;

use dingtalk_files::testing::FakeDingTalk;

/// Length of the sound in seconds. Long enough that a browser does not fetch all of it ahead.
pub(crate) const SECONDS: u32 = 180;

const SAMPLES_PER_SECOND: u32 = 44_100;

pub(crate) fn fill(fake: &FakeDingTalk) {
    fake.put_file("space-1", "dentry-1", "notes.txt", "Hello!\n");
    fake.put_file("space-1", "dentry-2", "三页.pdf", pdf(&["Page one", "Page two", "Page three"]));
    fake.put_file("space-1", "dentry-3", "tone.wav", wav());
    fake.add_folder("space-1", "folder-1", "Reports");
}

/// A tone that rises each second, as 16-bit samples of one channel.
fn wav() -> Vec<u8> {
    let data_length = SAMPLES_PER_SECOND * SECONDS * 2;
    let mut bytes = Vec::new();
    bytes.extend(b"RIFF");
    bytes.extend((36 + data_length).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16_u32.to_le_bytes());
    for field in [1_u16, 1] {
        bytes.extend(field.to_le_bytes()); // PCM, one channel
    }
    bytes.extend(SAMPLES_PER_SECOND.to_le_bytes());
    bytes.extend((SAMPLES_PER_SECOND * 2).to_le_bytes());
    for field in [2_u16, 16] {
        bytes.extend(field.to_le_bytes()); // bytes and bits of a sample
    }
    bytes.extend(b"data");
    bytes.extend(data_length.to_le_bytes());
    for second in 0..SECONDS {
        // A triangle wave: no more than a counter that goes up and down.
        let (period, mut samples) = (400 - 2 * second, 0..SAMPLES_PER_SECOND);
        bytes.extend(samples.by_ref().flat_map(|sample| {
            let place = i32::try_from(sample % period).unwrap_or_default();
            let half = i32::try_from(period / 2).unwrap_or(1);
            let height = ((place - half).abs() * 2 - half) * 4000 / half;
            i16::try_from(height).unwrap_or_default().to_le_bytes()
        }));
    }
    bytes
}

/// A PDF with a page for each text.
fn pdf(pages: &[&str]) -> Vec<u8> {
    let first_page = 4;
    let kids = (0..pages.len()).map(|page| format!("{} 0 R", first_page + 2 * page)).collect::<Vec<_>>();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    for (page, text) in pages.iter().enumerate() {
        let content = first_page + 2 * page + 1;
        let drawn = format!("BT /F1 32 Tf 72 720 Td ({text}) Tj ET");
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] \
             /Resources << /Font << /F1 3 0 R >> >> /Contents {content} 0 R >>"
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{drawn}\nendstream", drawn.len()));
    }
    // The table at the end holds the offset of each object. Writing into a `String` cannot fail.
    let (mut text, mut table) = ("%PDF-1.4\n".to_owned(), String::new());
    for (number, object) in (1..).zip(&objects) {
        let _ = writeln!(table, "{:010} 00000 n ", text.len());
        let _ = write!(text, "{number} 0 obj\n{object}\nendobj\n");
    }
    let (start, count) = (text.len(), objects.len() + 1);
    let _ = write!(text, "xref\n0 {count}\n0000000000 65535 f \n{table}");
    let _ = write!(text, "trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
    text.into_bytes()
}
