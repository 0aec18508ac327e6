//! Lists that arrive page by page.

use std::collections::HashSet;
use std::fmt;
use std::iter::FusedIterator;

use crate::base::error::Result;

/// One page of a list.
///
/// ```
/// fn is_last<T>(page: &dingtalk_files::Page<T>) -> bool {
///     page.next_token.is_none()
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// Items on this page. The list may be empty although more pages follow.
    pub items: Vec<T>,
    /// Token that requests the next page; `None` on the last page. The token is opaque and short-lived.
    pub next_token: Option<String>,
    /// Number of items on all pages, which the vendor reports only for operation logs.
    pub total_count: Option<u64>,
}

impl<T> Page<T> {
    /// Creates a page. An empty token counts as none.
    pub(crate) fn new(items: Vec<T>, next_token: Option<String>) -> Self {
        Self { items, next_token: next_token.filter(|token| !token.is_empty()), total_count: None }
    }
}

/// An iterator over all items of a list, page after page. Each page is requested when the previous page is used up.
///
/// The iterator ends after the last page, after an error (which is returned once), and when a server returns a token
/// that was used before. Items that others change meanwhile may be missed or returned twice, because the vendor keeps
/// no snapshot. Create a new iterator to start over.
///
/// ```
/// fn first_error<T>(pages: dingtalk_files::Pages<'_, T>) -> Option<dingtalk_files::Error> {
///     pages.filter_map(Result::err).next()
/// }
/// ```
#[must_use = "nothing is requested before the first item is"]
pub struct Pages<'a, T> {
    /// Fetches the page of a token; the first page has no token. `None` after the last page.
    fetch: Option<Fetch<'a, T>>,
    token: Option<String>,
    /// All tokens that were used.
    used: HashSet<String>,
    items: std::vec::IntoIter<T>,
}

type Fetch<'a, T> = Box<dyn FnMut(Option<&str>) -> Result<Page<T>> + Send + 'a>;

impl<'a, T> Pages<'a, T> {
    /// Creates an iterator that begins with the page of the cursor in the options, or with the first page.
    pub(crate) fn new<O: Clone + Send + 'a>(
        options: &O,
        cursor: fn(&mut O) -> &mut Option<String>,
        mut fetch: impl FnMut(&O) -> Result<Page<T>> + Send + 'a,
    ) -> Self {
        let mut options = options.clone();
        let first = cursor(&mut options).take();
        let used = first.iter().cloned().collect();
        let fetch = move |token: Option<&str>| {
            *cursor(&mut options) = token.map(str::to_owned);
            fetch(&options)
        };
        Self { fetch: Some(Box::new(fetch)), token: first, used, items: Vec::new().into_iter() }
    }
}

impl<T> Iterator for Pages<'_, T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.items.next() {
                return Some(Ok(item));
            }
            let page = match self.fetch.as_mut()?(self.token.as_deref()) {
                Ok(page) => page,
                Err(error) => {
                    self.fetch = None;
                    return Some(Err(error));
                }
            };
            self.items = page.items.into_iter();
            // A token that was used already would lead around in a circle.
            if !page.next_token.as_ref().is_some_and(|token| self.used.insert(token.clone())) {
                self.fetch = None;
            }
            self.token = page.next_token;
        }
    }
}

impl<T> FusedIterator for Pages<'_, T> {}

impl<T> fmt::Debug for Pages<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("is_at_end", &self.fetch.is_none())
            .field("items_at_hand", &self.items.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::Error;

    fn page(items: &[u32], token: Option<&str>) -> Page<u32> {
        Page::new(items.to_vec(), token.map(str::to_owned))
    }

    /// Returns the items, and the tokens of all requests.
    fn run(pages: Vec<Result<Page<u32>>>) -> (Vec<Option<u32>>, Vec<Option<String>>) {
        let mut asked = Vec::new();
        let mut pages = pages.into_iter();
        let all = Pages::new(
            &None,
            |cursor| cursor,
            |token| {
                asked.push(token.clone());
                pages.next().unwrap()
            },
        );
        let items = all.map(Result::ok).collect();
        (items, asked)
    }

    #[test]
    fn pages_follow_their_tokens_to_the_last_one() {
        let pages = vec![Ok(page(&[1, 2], Some("a"))), Ok(page(&[], Some("b"))), Ok(page(&[3], None))];
        let (items, asked) = run(pages);
        assert_eq!(items, [Some(1), Some(2), Some(3)]);
        assert_eq!(asked, [None, Some("a".to_owned()), Some("b".to_owned())]);
    }

    #[test]
    fn an_empty_or_a_repeated_token_ends_the_list() {
        assert_eq!(run(vec![Ok(page(&[1], Some("")))]).1.len(), 1);
        let (items, asked) = run(vec![Ok(page(&[1], Some("a"))), Ok(page(&[2], Some("a")))]);
        assert_eq!((items, asked.len()), (vec![Some(1), Some(2)], 2));
    }

    #[test]
    fn a_cycle_of_tokens_ends_the_list_even_through_the_first_token() {
        let pages = vec![Ok(page(&[1], Some("a"))), Ok(page(&[2], Some("b"))), Ok(page(&[3], Some("a")))];
        let (items, asked) = run(pages);
        assert_eq!((items, asked.len()), (vec![Some(1), Some(2), Some(3)], 3));
        let mut asked = Vec::new();
        let all = Pages::new(
            &Some("x".to_owned()),
            |cursor| cursor,
            |token| {
                asked.push(token.clone());
                Ok(page(&[1], Some("x")))
            },
        );
        assert_eq!(all.count(), 1);
        assert_eq!(asked, [Some("x".to_owned())]);
    }

    #[test]
    fn an_error_is_returned_once_and_ends_the_list() {
        let gone = Err(Error::InvalidArgument(String::new()));
        let (items, asked) = run(vec![Ok(page(&[1], Some("a"))), gone]);
        assert_eq!((items, asked.len()), (vec![Some(1), None], 2));
    }

    #[test]
    fn a_page_is_requested_only_when_it_is_needed() {
        let mut asked = 0;
        let mut pages = Pages::new(
            &None,
            |cursor| cursor,
            |_| {
                asked += 1;
                Ok(page(&[1, 2], Some("a")))
            },
        );
        pages.next();
        pages.next();
        drop(pages);
        assert_eq!(asked, 1);
        let _ = Pages::<u32>::new(&None, |cursor| cursor, |_| panic!("asked"));
    }
}
