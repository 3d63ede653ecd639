@echo off
md d1 d2\e
echo abc> f1.txt
echo longer text here> d1\g.txt
mklink /h hard.txt f1.txt
mklink soft.txt f1.txt
mklink /d dl d1
mklink /j dj d1
type soft.txt
type dl\g.txt
type dj\g.txt
dir /s /b
dir /a:d /b
dir /os-n /b /a-d
dir /w d2
dir nosuch
dir /z
mklink f1.txt soft.txt
rd dj
rd dl
del soft.txt
if exist d1\g.txt echo the target stays
dir /b
verify on
verify
start /b /wait cmd /c exit 7
echo start %errorlevel%
start "title" /wait cmd /c exit 8
echo start %errorlevel%
start /wait /d d1 cmd /c cd
start nosuchprog
echo %errorlevel%
pause < nul
set /p v=prompt? < f1.txt
echo [%v%]
echo typed| (set /p w=& call echo in a pipe %%w%%)
pushd d1& pushd ..\d2
pushd
popd& popd
popd
cd /d c:\windows
cd
cd system32\..\system
cd
cd \
cd ..
cd
z:
cd D1
cd
cd..
path C:\x;C:\y
path
path ;
path
cmd /c echo never
