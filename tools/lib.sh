# SPDX-License-Identifier: MIT

# Functions that tools/demo and tools/test share. They source this file, with $root set to the source tree.

say()
{
    printf '\n%s\n' "== $*"
}

# configure DIRECTORY OPTIONS...: makes a build directory, or gives an existing one the options.
configure()
{
    build_dir=$1
    shift
    if [ -e "$build_dir/meson-private/coredata.dat" ]; then
        meson setup --reconfigure "$build_dir" "$root" "$@"
    else
        meson setup "$build_dir" "$root" "$@"
    fi
}
