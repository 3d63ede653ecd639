@echo off
md a\b\c
md a
echo %errorlevel%
echo hello> a\x.txt
copy a\x.txt a\y.txt
copy a\x.txt a\b > nul
if exist a\b\x.txt echo copied
copy /b a\x.txt + a\y.txt a\z.txt
type a\z.txt
copy a\*.txt a\b\c
copy nosuch.txt a
echo %errorlevel%
ren a\z.txt w.txt
ren a\*.txt *.dat
dir /b a
dir /b /s a\*.dat
dir /b /ad a
dir /b /a-d a
dir /b /o-n a\*.dat
move a\x.dat a\b
move a\b a\moved
dir /b a\moved
move nosuch a
echo %errorlevel%
del a\y.dat
del a\nothing.txt
echo %errorlevel%
del /q /s a\moved\c\*.txt
rd a
echo %errorlevel%
rd a && echo removed || echo failed %errorlevel%
rd /s /q a
if not exist a echo gone
rd nosuch || echo level %errorlevel%
type nosuch.txt
echo %errorlevel%
cd nosuch
echo %errorlevel%
md t
cd t
echo in > f.txt
cd ..
pushd t
dir /b
popd
echo text>"name with space.txt"
type "name with space.txt"
copy "name with space.txt" other.txt >nul && type other.txt
if exist "name with space.txt" if not exist nope echo both
if exist t\ echo folder
if exist t\nul echo folder by nul
if exist *.txt echo wildcard
type nul > empty.txt
for %%f in (empty.txt) do echo %%~zf
move /y other.txt t\other.txt
dir /b t nosuchdir 2>nul
rmdir /s /q t
erase *.txt
dir /b *.txt
echo %errorlevel%
