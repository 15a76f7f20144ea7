use super::*;
use crate::saas::Site;
use crate::saas::tests::saas_file;

/// The components of all targets of a file, each in one line.
fn check(text: &str, expected: &[&str]) {
    let file = saas_file("s.yml", text);
    let site = Site { environment: Some("prod".to_owned()), ..Site::default() };
    let chosen = file.targets().map(|(template, target)| Chosen { template, target, site: &site });
    let shown = |component: &Component| {
        let Component { name, upstream, tag_length, templates, .. } = component;
        let images: Vec<_> = component.images.iter().map(|image| image.name.as_str()).collect();
        let mut shown = format!("{name} {upstream} {tag_length} {images:?} {templates:?}");
        for environment in &component.environments {
            let pin = |pin: &PinSpec| {
                assert!(pin.selector.filter().unwrap().is_exact);
                pin.selector.to_string()
            };
            let pins: Vec<_> = environment.pins.iter().map(pin).collect();
            shown += &format!("; {}: {}", environment.name, pins.join(", "));
        }
        shown
    };
    let found: Vec<_> = components(&file, &chosen.collect::<Vec<_>>()).iter().map(shown).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn one_upstream() {
    let text = "name: app\nimagePatterns: [quay.io/org/app]\nresourceTemplates:\n\
                - name: t\n  url: https://x/u\n  path: /deploy/t.yml\n  hash_length: 9\n  targets:\n\
                \x20 - {name: a}\n  - {name: a}\n  - {name: c-canary}\n\
                - name: v\n  url: https://x/u.git\n  path: v.yml\n  targets: [{name: d}]\n\
                - name: no-url\n  targets: [{name: e}]\n";
    let expected = "app https://x/u 9 [\"quay.io/org/app\"] [\"deploy/t.yml\", \"v.yml\"]\
                    ; prod: saas target with template `t` with target `a`, \
                    saas target with template `v` with target `d`\
                    ; c-canary: saas target with template `t` with target `c-canary`";
    check(text, &[expected]);
}

#[test]
fn several_upstreams() {
    let text = "name: app\nimagePatterns: [quay.io/org/app]\nresourceTemplates:\n\
                - name: t\n  url: https://x/u\n  path: /\n  targets: [{name: a}]\n\
                - name: v\n  url: https://x/v\n  path: a/../b\n  hash_length: 99\n  targets: [{name: b}]\n\
                - name: w\n  url: https://x/u\n  path: \"a\\u202eb\"\n  hash_length: 3\n  targets: [{name: c}]\n";
    let expected = [
        "app/t https://x/u 7 [] []; prod: saas target with template `t` with target `a`, \
         saas target with template `w` with target `c`",
        "app/v https://x/v 40 [] []; prod: saas target with template `v` with target `b`",
    ];
    check(text, &expected);
}

/// A part of a file is told from the whole, and from other parts.
#[test]
fn parts_of_a_file() {
    let text = "name: app\nresourceTemplates:\n\
                - name: t\n  url: https://x/u\n  targets:\n\
                \x20 - {name: a}\n  - {namespace: {$ref: /n/b.yml}}\n  - {name: c-canary}\n\
                - name: v\n  url: https://x/v\n  targets: [{name: d}]\n";
    let file = saas_file("s.yml", text);
    let site = Site { environment: Some("prod".to_owned()), ..Site::default() };
    let all = file.targets().map(|(template, target)| Chosen { template, target, site: &site });
    let all: Vec<Chosen> = all.collect();
    let check = |chosen: &[usize], expected: &str| {
        let chosen: Vec<Chosen> = chosen.iter().map(|nth| all[*nth]).collect();
        let part = &components(&file, &chosen)[0];
        let (whole, places) = whole(&file, &all, &Scope::all(part));
        let names: Vec<_> = whole.environments.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(format!("{} {names:?} {places:?}", whole.name), expected);
    };
    check(&[0, 1, 2], "app/t [\"prod\", \"c-canary\"] [0, 1]");
    check(&[0, 1], "app/t [\"prod\", \"c-canary\"] [0]");
    check(&[2], "app/t [\"prod\", \"c-canary\"] [1]");
    check(&[1], "app/t [\"prod\", \"c-canary\", \"prod@t/b\"] [2]");
    check(&[0, 2], "app/t [\"prod\", \"c-canary\", \"prod@t/a\"] [2, 1]");
    check(&[3], "app/v [\"prod\"] [0]");
}
