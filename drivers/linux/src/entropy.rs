//! Chance that nobody can guess, from the kernel.
#![expect(unsafe_code, reason = "getrandom has no safe wrapper among our dependencies")]

use nix::errno::Errno;

use crate::Error;

/// Returns 32 octets nobody can guess: a seed for dice, or a secret.
///
/// # Errors
///
/// If the kernel has no random numbers to give, which no Linux since 3.17 says.
pub fn seed() -> Result<[u8; 32], Error> {
    let mut seed = [0; 32];
    fill(&mut seed)?;
    Ok(seed)
}

/// Fills `octets` with what nobody can guess.
///
/// Waits, early at boot, until the kernel has gathered enough.
///
/// # Errors
///
/// As [`seed`].
pub fn fill(octets: &mut [u8]) -> Result<(), Error> {
    let mut done = 0;
    while let Some(rest @ [_, ..]) = octets.get_mut(done..) {
        // SAFETY: the pointer and the length are those of one live, writable slice.
        let got = unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) };
        match Errno::result(got) {
            Ok(got) => done += usize::try_from(got).unwrap_or(0),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(Error::new("get random numbers from the kernel", errno)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_seeds_differ() {
        assert_ne!(seed().unwrap(), seed().unwrap());
    }

    #[test]
    fn every_length_is_filled() {
        let mut many = [0; 1000];
        fill(&mut many).unwrap();
        assert!(many.chunks(50).all(|chunk| chunk.iter().any(|&octet| octet != 0)));
        fill(&mut []).unwrap();
    }
}
